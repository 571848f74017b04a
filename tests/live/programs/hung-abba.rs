// SPDX-License-Identifier: BSD-2-Clause
//
// Two std::sync::Mutex in opposite order. Rust's mutex is a word that says no more than "locked": nobody can read who holds
// it. Hangs until it is killed: its main thread waits for the others. Compiled by the test that uses it.
use std::sync::{Barrier, Mutex};
use std::thread;

static FIRST: Mutex<i32> = Mutex::new(0);
static SECOND: Mutex<i32> = Mutex::new(0);

fn take_both(one: &Mutex<i32>, other: &Mutex<i32>, barrier: &Barrier) {
    let _one = one.lock().unwrap();
    barrier.wait();
    let _other = other.lock().unwrap();
}

fn main() {
    let barrier = Barrier::new(2);
    println!("ready");
    thread::scope(|scope| {
        scope.spawn(|| take_both(&FIRST, &SECOND, &barrier));
        scope.spawn(|| take_both(&SECOND, &FIRST, &barrier));
    });
}
