package workers_test

import (
	"sync"
	"testing"

	"decentra.local/pkg/workers"
)

func TestMoreThanMayWaitWorkAtOnce(t *testing.T) {
	const n = 1000
	for range 2 { // new ones, then such as wait
		var here, done sync.WaitGroup
		here.Add(n)
		for range n {
			done.Add(1)
			workers.Go(func() {
				defer done.Done()
				here.Done()
				here.Wait() // all of them are here at once
			})
		}
		done.Wait()
	}
}

// BenchmarkGo does work that takes a deep stack, as much of a server's does.
func BenchmarkGo(b *testing.B) {
	for name, spawn := range map[string]func(func()){"workers": workers.Go, "goroutines": func(do func()) { go do() }} {
		b.Run(name, func(b *testing.B) {
			done := make(chan byte)
			for b.Loop() {
				spawn(func() { done <- deep(20) })
				<-done
			}
		})
	}
}

//go:noinline
func deep(n int) byte {
	var frame [512]byte
	if n > 0 {
		frame[n] = deep(n - 1)
	}
	return frame[n] + 1
}
