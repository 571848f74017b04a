// SPDX-License-Identifier: BSD-2-Clause
//
// Threads that wait for each other in the ways of Rust's standard library: crowd WAY.
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, OnceLock, RwLock};
use std::thread;
use std::time::Duration;

static HOT: Mutex<u32> = Mutex::new(0);
static SHELF: RwLock<u32> = RwLock::new(0);
static TURN: Condvar = Condvar::new();

fn sleep_ms(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

fn crowd(count: usize, run: impl Fn(usize) + Send + Sync + 'static) {
    let run = Arc::new(run);
    let threads: Vec<_> = (0..count)
        .map(|number| {
            let run = run.clone();
            thread::spawn(move || run(number))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn read_or_write(number: usize) {
    for _ in 0..100 {
        if number % 2 == 0 {
            let mut value = SHELF.write().unwrap();
            *value += 1;
            sleep_ms(1);
        } else {
            let _value = SHELF.read().unwrap();
            sleep_ms(1);
        }
    }
}

fn work_or_give(number: usize) {
    if number == 0 {
        for i in 0..100 {
            sleep_ms(8);
            *HOT.lock().unwrap() += if i == 99 { 1000 } else { 1 };
            if i == 99 {
                TURN.notify_all();
            } else {
                TURN.notify_one();
            }
        }
        return;
    }
    let mut jobs = HOT.lock().unwrap();
    while *jobs < 1000 {
        jobs = TURN.wait(jobs).unwrap();
    }
}

fn send_and_receive() {
    let (sender, receiver) = mpsc::channel::<u32>();
    let thread = thread::spawn(move || {
        for value in receiver {
            if value % 10 == 0 {
                sleep_ms(1);
            }
        }
    });
    for value in 0..100 {
        sender.send(value).unwrap();
        sleep_ms(5);
    }
    drop(sender);
    thread.join().unwrap();
}

fn main() {
    static ONCE: OnceLock<u32> = OnceLock::new();
    let barrier = Barrier::new(3);

    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "mutex" => crowd(4, |_| {
            for _ in 0..60 {
                let mut value = HOT.lock().unwrap();
                *value += 1;
                sleep_ms(1);
            }
        }),
        "rwlock" => crowd(4, read_or_write),
        "barrier" => crowd(3, move |number| {
            for _ in 0..20 {
                sleep_ms(number as u64 * 3);
                barrier.wait();
            }
        }),
        "idle" => crowd(4, work_or_give),
        "channel" => send_and_receive(),
        "once" => crowd(3, |_| {
            ONCE.get_or_init(|| {
                sleep_ms(100);
                7
            });
        }),
        _ => std::process::exit(2),
    }
}
