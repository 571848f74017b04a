# SPDX-License-Identifier: BSD-2-Clause
"""Two locks in opposite order. `threads`: threading.Lock, two threads. `processes`: multiprocessing.Lock, two processes.

Hangs until it is killed: the main thread waits for the others without a limit.
"""
import multiprocessing
import sys
import threading


def take_both(one, other, barrier):
    with one:
        barrier.wait()
        with other:
            pass


def hang(module, unit):
    first, second = module.Lock(), module.Lock()
    barrier = module.Barrier(2)
    units = [
        unit(target=take_both, args=(first, second, barrier)),
        unit(target=take_both, args=(second, first, barrier)),
    ]
    for one in units:
        one.start()
    print("ready", flush=True)
    for one in units:
        one.join()


if __name__ == "__main__":
    if sys.argv[1] == "threads":
        hang(threading, threading.Thread)
    else:
        hang(multiprocessing, multiprocessing.Process)
