package host

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// reserveBytes is how much more may become garbage before the collector runs, and
	// firstReserve how much until it was not calm for busyPeriods: after a start all
	// come back, and what is made for them stays. With less garbage between it lies in
	// fewer pages.
	firstReserve, reserveBytes = 4 << 20, 16 << 20
	busyPeriods                = 5
	// calmPeriod is how often it is looked whether all is calm: calmBytes or less
	// were allocated meanwhile.
	calmPeriod = time.Second
	calmBytes  = 512 << 10
	// spentBytes is how much must have been allocated before memory is given back,
	// besides a sixteenth of what lives.
	spentBytes = 1 << 20
)

// reserve is memory that nobody touches, so that the machine never gives it. The
// collector counts it as in use: so little lives here that it would run many times
// a second under load.
var reserve []byte

// easeCollector makes the collector run less often under load, and gives what is
// garbage back to the machine once all is calm, until ctx ends.
func easeCollector(ctx context.Context, period time.Duration) {
	reserve = make([]byte, firstReserve)
	look := time.NewTicker(period)
	defer look.Stop()
	var last, back uint64 // what had been allocated then
	busy := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		allocated, live := heap()
		calm := allocated-last <= calmBytes
		last = allocated
		if !calm {
			if busy++; busy == busyPeriods {
				reserve = make([]byte, reserveBytes)
			}
		}
		if calm && allocated-back > spentBytes+live/16 {
			debug.FreeOSMemory()
			back = allocated
		}
	}
}

// heap is how many bytes were allocated so far, and how many lived when they were
// last counted.
func heap() (allocated, live uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64() - min(uint64(len(reserve)), samples[1].Value.Uint64())
}
