package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
)

func TestGatheredRequestsAreEachTheirCallers(t *testing.T) {
	asker, answerer := open(t)
	const n = 200
	serve(t, answerer, func(_ context.Context, who rpc.Caller, q question) (reply, error) {
		if q.N%7 == 3 {
			return reply{}, fault.Limited(time.Second, "Number %d is too much.", q.N)
		}
		return reply{Text: q.Text, Who: who}, nil
	})
	gathered := rpc.Gather(asker, ask)
	before := asker.Stats().OutMsgs
	var asking sync.WaitGroup
	for i := range n {
		asking.Go(func() {
			who := rpc.Caller{User: fmt.Sprint("Zoë ", i), Session: fmt.Sprint("s", i), Connection: fmt.Sprint("c", i)}
			got, err := gathered.Call(t.Context(), who, question{Text: fmt.Sprint("text ", i), N: i})
			switch {
			case i%7 == 3:
				want := fault.Error{Code: fault.RateLimited, Message: fmt.Sprintf("Number %d is too much.", i), RetryAfter: time.Second}
				if coded := fault.Of(err); coded == nil || *coded != want {
					t.Errorf("request %d: error %v, want %v", i, err, &want)
				}
			case err != nil || got != (reply{Text: fmt.Sprint("text ", i), Who: who}):
				t.Errorf("request %d: got %+v, %v", i, got, err)
			}
		})
	}
	asking.Wait()
	if sent := asker.Stats().OutMsgs - before; sent > n/2 {
		t.Errorf("%d requests took %d messages", n, sent)
	}
}

// Those that travel together are worked on together: none waits for another.
func TestGatheredRequestsHaveNoOrder(t *testing.T) {
	asker, answerer := open(t)
	first, others := make(chan struct{}), make(chan struct{}, 10)
	serve(t, answerer, func(ctx context.Context, _ rpc.Caller, q question) (reply, error) {
		if q.N == 0 {
			close(first)
			time.Sleep(50 * time.Millisecond) // the others gather
			return reply{}, nil
		}
		others <- struct{}{}
		for len(others) < cap(others) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		return reply{}, ctx.Err()
	})
	gathered := rpc.Gather(asker, ask)
	var asking sync.WaitGroup
	call := func(i int) {
		if _, err := gathered.Call(t.Context(), rpc.Caller{}, question{N: i}); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	asking.Go(func() { call(0) })
	<-first
	for i := range cap(others) {
		asking.Go(func() { call(i + 1) })
	}
	asking.Wait()
}

func TestGatheredRequestsThatNobodyAnswersAreUnavailable(t *testing.T) {
	asker, _ := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	gathered := rpc.Gather(asker, ask)
	for range 2 {
		if _, err := gathered.Call(ctx, rpc.Caller{}, question{}); fault.Of(err).Code != fault.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
	}
}

func TestAnAnswerMayHaveAMark(t *testing.T) {
	asker, answerer := open(t)
	serve(t, answerer, func(ctx context.Context, who rpc.Caller, q question) (reply, error) {
		if who.User == "mallory" {
			return reply{}, fault.New(fault.NotFound, "There is no such thing.")
		}
		if q.N > 0 && rpc.Marked(ctx, fmt.Sprint("mark ", q.N)) {
			return reply{}, nil
		}
		return reply{Text: q.Text}, nil
	})
	marks := rpc.GatherMarks(asker, ask)
	var asking sync.WaitGroup
	for i := range 100 {
		asking.Go(func() {
			payload, _ := json.Marshal(question{Text: "long", N: i})
			want := fmt.Sprint("mark ", i)
			if i == 0 {
				want = "" // it has none
			}
			if mark, err := marks.Call(t.Context(), rpc.Caller{User: "ann"}, payload); err != nil || mark != want {
				t.Errorf("request %d: got %q, %v; want %q", i, mark, err, want)
			}
			answer, mark, err := rpc.RawMarked(t.Context(), asker, ask, rpc.Caller{User: "ann"}, payload)
			if err != nil || mark != want || !strings.Contains(string(answer), "long") {
				t.Errorf("request %d: got %s with %q, %v; want it with %q", i, answer, mark, err, want)
			}
			if mark, err := marks.Call(t.Context(), rpc.Caller{User: "mallory"}, payload); !fault.Is(err, fault.NotFound) || mark != "" {
				t.Errorf("request %d: who may not have the answer gets %q, %v", i, mark, err)
			}
		})
	}
	asking.Wait()
}
