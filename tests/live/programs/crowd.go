// SPDX-License-Identifier: BSD-2-Clause
//
// Goroutines with mutexes, channels, files and a socket: healthy; or two of them that wait for each other for good, while
// others can go on (`stuck`), or none (`all-stuck`, which the runtime itself finds out).
package main

import (
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

var one, other, hot sync.Mutex
var shelf sync.RWMutex
var wait sync.WaitGroup

func start(run func()) {
	wait.Add(1)
	go func() {
		defer wait.Done()
		run()
	}()
}

func contend(end time.Time) {
	for sum := 0; time.Now().Before(end); {
		hot.Lock()
		for i := 0; i < 20000; i++ {
			sum += i
		}
		hot.Unlock()
		shelf.RLock()
		time.Sleep(50 * time.Microsecond)
		shelf.RUnlock()
		if sum%7 == 0 {
			shelf.Lock()
			shelf.Unlock()
		}
	}
}

func readFiles() {
	for i := 0; i < 100; i++ {
		os.ReadFile("/proc/self/status")
		time.Sleep(5 * time.Millisecond)
	}
}

func healthy() {
	jobs, results := make(chan int), make(chan int, 100)
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	end := time.Now().Add(1500 * time.Millisecond)

	for i := 0; i < 6; i++ {
		start(func() { contend(end) })
		start(readFiles)
	}
	for i := 0; i < 4; i++ {
		go func() {
			for job := range jobs {
				results <- job * job
			}
		}()
	}
	start(func() {
		for i := 0; i < 5000; i++ {
			jobs <- i
			<-results
		}
	})
	go listener.Accept()
	wait.Wait()
	time.Sleep(600 * time.Millisecond) // idle
}

func takeBoth(first, second *sync.Mutex) {
	first.Lock()
	time.Sleep(100 * time.Millisecond)
	second.Lock()
}

func main() {
	if len(os.Args) < 2 {
		healthy()
		return
	}
	if os.Args[1] == "stuck" {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	start(func() { takeBoth(&one, &other) })
	start(func() { takeBoth(&other, &one) })
	wait.Wait()
}
