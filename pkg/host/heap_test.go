package host

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"
)

func TestGarbageIsGivenBackOnceAllIsCalm(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { easeCollector(ctx, 10*time.Millisecond) })
	defer running.Wait()
	defer cancel()

	used := func() uint64 {
		samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
		metrics.Read(samples)
		return samples[0].Value.Uint64() + samples[1].Value.Uint64() + samples[2].Value.Uint64()
	}
	for used() < reserveBytes { // it is not made yet
		time.Sleep(time.Millisecond)
	}
	const size = 10 << 20 // below what makes the collector run by itself
	before := used() + size
	waste(size)
	for deadline := time.Now().Add(10 * time.Second); used() > before-size/2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("of %d bytes %d are still kept", before, used())
		}
	}
}

// waste makes garbage.
//
//go:noinline
func waste(size int) { runtime.KeepAlive(make([]byte, size)) }
