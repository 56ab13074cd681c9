package gateway

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
)

func laneRequest(kind string, n int) request {
	return request{envelope: envelope{Type: kind, RequestID: strconv.Itoa(n)}, data: []byte("{}")}
}

// recordingLane handles nothing until it is let, and batches requests of type m.
func recordingLane() (l *lane, let chan struct{}, handled func() [][]string) {
	var mu sync.Mutex
	var all [][]string
	let = make(chan struct{})
	l = &lane{
		handle: func(requests []request) {
			<-let
			mu.Lock()
			defer mu.Unlock()
			ids := []string{}
			for _, r := range requests {
				ids = append(ids, r.RequestID)
			}
			all = append(all, ids)
		},
		spawn:    func(work func()) { go work() }, // a worker of the pool would outlive the bubble
		together: func(a, b request) bool { return a.Type == "m" && b.Type == "m" },
	}
	return l, let, func() [][]string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func TestWhatWaitsIsHandledTogetherAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, let, handled := recordingLane()
		for i, kind := range []string{"m", "m", "m", "other", "other", "m", "m"} {
			l.add(laneRequest(kind, i))
			synctest.Wait() // the first is taken alone
		}
		close(let)
		l.wait()
		want := [][]string{{"0"}, {"1", "2"}, {"3"}, {"4"}, {"5", "6"}}
		if got := handled(); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("handled %v, want %v", got, want)
		}
	})
}

func TestAFullLaneMakesItsReaderWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, let, handled := recordingLane()
		l.add(laneRequest("m", 0))
		synctest.Wait() // it is being handled
		added := 1
		go func() {
			for i := 1; i < 3*laneRequests; i++ {
				l.add(laneRequest("m", i))
				added++
			}
		}()
		synctest.Wait()
		if most := laneRequests + 1; added != most {
			t.Errorf("%d requests were taken while none was handled, want %d", added, most)
		}
		close(let)
		synctest.Wait()
		l.wait()
		n := 0
		for _, ids := range handled() {
			n += len(ids)
		}
		if n != 3*laneRequests {
			t.Errorf("%d of %d requests were handled", n, 3*laneRequests)
		}
	})
}

func TestALaneIsBoundInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, let, _ := recordingLane()
		added := 0
		large := request{data: make([]byte, laneBytes)}
		go func() {
			for range 3 {
				l.add(large)
				added++
			}
		}()
		synctest.Wait()
		if added != 2 { // one is being handled, one waits
			t.Errorf("%d requests of the largest size were taken, want 2", added)
		}
		close(let)
		synctest.Wait()
		if added != 3 {
			t.Errorf("%d of 3 requests were taken in the end", added)
		}
	})
}
