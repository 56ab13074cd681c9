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
	for used() < firstReserve { // it is not made yet
		time.Sleep(time.Millisecond)
	}
	const size = 3 << 20 // below what makes the collector run by itself
	before := used() + size
	waste(size)
	for deadline := time.Now().Add(10 * time.Second); used() > before-size/2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("of %d bytes %d are still kept", before, used())
		}
	}
}

func TestTheCollectorIsEasedOnceItIsBusyForLonger(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { easeCollector(ctx, 10*time.Millisecond) })
	defer running.Wait()
	defer cancel()

	for deadline, live := time.Now().Add(10*time.Second), uint64(0); live < reserveBytes; {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes count as in use", live)
		}
		waste(2 * calmBytes)
		time.Sleep(time.Millisecond)
		runtime.GC()
		samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(samples)
		live = samples[0].Value.Uint64()
	}
}

// waste makes garbage.
//
//go:noinline
func waste(size int) { runtime.KeepAlive(make([]byte, size)) }
