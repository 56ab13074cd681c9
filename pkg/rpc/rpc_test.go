package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"decentra.local/pkg/bus/bustest"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/sequence"
)

type question struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

type reply struct {
	Text string     `json:"text"`
	Who  rpc.Caller `json:"who"`
}

var ask = rpc.Method[question, reply]{Service: "test", Name: "ask"}

// open embeds NATS and connects an asker and an answerer.
func open(t *testing.T) (asker, answerer *nats.Conn) {
	t.Helper()
	connect := bustest.Start(t)
	return connect("asker"), connect("test")
}

func serve(t *testing.T, nc *nats.Conn, handler func(context.Context, rpc.Caller, question) (reply, error)) *rpc.Server {
	t.Helper()
	server, err := rpc.NewServer(nc, "test", "1.0.0", "for tests", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := rpc.Handle(server, ask, handler); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return server
}

func TestCallCarriesCallerAndAnswer(t *testing.T) {
	asker, answerer := open(t)
	serve(t, answerer, func(_ context.Context, who rpc.Caller, q question) (reply, error) {
		return reply{Text: q.Text, Who: who}, nil
	})
	who := rpc.Caller{User: "Zoë.\u00fc", Session: "s", Connection: "c"}
	got, err := rpc.Call(t.Context(), asker, ask, who, question{Text: "hello"})
	if err != nil || got != (reply{Text: "hello", Who: who}) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

// Imported accounts may have any name, and two must never become one on the way.
func TestCallersOfAnyNameArriveAsTheyAre(t *testing.T) {
	asker, answerer := open(t)
	serve(t, answerer, func(_ context.Context, who rpc.Caller, _ question) (reply, error) {
		return reply{Who: who}, nil
	})
	for _, name := range []string{"ann", "Zoë", "a b", "a\nb", "a\r\nUser: root", " x ", "100%", "%41", "a/b?c", "\u200b", "山田"} {
		got, err := rpc.Call(t.Context(), asker, ask, rpc.Caller{User: name}, question{})
		if err != nil || got.Who.User != name {
			t.Errorf("%q arrived as %q, %v", name, got.Who.User, err)
		}
	}
}

func TestFailuresAreCoded(t *testing.T) {
	asker, answerer := open(t)
	serve(t, answerer, func(_ context.Context, _ rpc.Caller, q question) (reply, error) {
		switch q.Text {
		case "coded":
			return reply{}, fault.New(fault.Conflict, "Taken.")
		case "limited":
			return reply{}, fault.Limited(1500*time.Millisecond, "Wait.")
		case "wrapped":
			return reply{}, errors.New("secret text of the database")
		default:
			panic("broken")
		}
	})
	for _, c := range []struct {
		name, text string
		want       fault.Error
	}{
		{"a coded error keeps its words", "coded", fault.Error{Code: fault.Conflict, Message: "Taken."}},
		{"a limit keeps its pause", "limited", fault.Error{Code: fault.RateLimited, Message: "Wait.", RetryAfter: 1500 * time.Millisecond}},
		{"other errors keep their text to themselves", "wrapped", fault.Error{Code: fault.Internal, Message: "Something went wrong on the server."}},
		{"a panic is contained", "panic", fault.Error{Code: fault.Internal, Message: "Something went wrong on the server."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rpc.Call(t.Context(), asker, ask, rpc.Caller{}, question{Text: c.text})
			if got := *fault.Of(err); got != c.want {
				t.Fatalf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestWrongTypesNameTheField(t *testing.T) {
	asker, answerer := open(t)
	serve(t, answerer, func(context.Context, rpc.Caller, question) (reply, error) { return reply{}, nil })
	for _, c := range []struct{ name, payload, want string }{
		{"number for text", `{"text":5}`, "The field text must be text."},
		{"text for number", `{"n":"x"}`, "The field n must be a whole number."},
		{"list for object", `[]`, "A JSON object is expected."},
		{"no JSON", `{`, "That is not valid JSON."},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rpc.Raw(t.Context(), asker, ask, rpc.Caller{}, json.RawMessage(c.payload))
			if got := fault.Of(err); got.Code != fault.Invalid || got.Message != c.want {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestCallWaitsForAServiceThatStartsLate(t *testing.T) {
	asker, answerer := open(t)
	done := make(chan error, 1)
	go func() {
		_, err := rpc.Call(t.Context(), asker, ask, rpc.Caller{}, question{})
		done <- err
	}()
	serve(t, answerer, func(context.Context, rpc.Caller, question) (reply, error) { return reply{}, nil })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestNobodyThereIsUnavailableWithinTheDeadline(t *testing.T) {
	asker, _ := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := rpc.Call(ctx, asker, ask, rpc.Caller{}, question{})
	if !fault.Is(err, fault.Unavailable) || time.Since(start) > 2*time.Second {
		t.Fatalf("got %v after %s", err, time.Since(start))
	}
}

// TestACallerOfAnotherClockIsAnswered: a deadline counts where it can be one, and
// not where clocks are days apart.
func TestACallerOfAnotherClockIsAnswered(t *testing.T) {
	asker, answerer := open(t)
	serve(t, answerer, func(ctx context.Context, _ rpc.Caller, _ question) (reply, error) {
		deadline, _ := ctx.Deadline()
		return reply{Text: time.Until(deadline).Round(time.Second).String()}, nil
	})
	for _, c := range []struct {
		name string
		off  time.Duration
		want time.Duration // how long the handler has; 0: it is not asked
	}{
		{"three seconds", 3 * time.Second, 3 * time.Second},
		{"over", -3 * time.Second, 0},
		{"a day behind", -24 * time.Hour, rpc.Timeout},
		{"a year ahead", 365 * 24 * time.Hour, rpc.Timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := nats.NewMsg(ask.Subject())
			request.Data = []byte("{}")
			request.Header.Set("Deadline", strconv.FormatInt(time.Now().Add(c.off).UnixMilli(), 10))
			answer, err := asker.RequestMsg(request, 500*time.Millisecond)
			if c.want == 0 {
				if err == nil {
					t.Errorf("nobody waits any more, and the answer is %s", answer.Data)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got reply
			if err := json.Unmarshal(answer.Data, &got); err != nil || got.Text != c.want.String() {
				t.Errorf("the handler had %s, want %s (%v)", answer.Data, c.want, err)
			}
		})
	}
}

func TestHandlersRunAtOnceAndAreBounded(t *testing.T) {
	asker, answerer := open(t)
	var running, most atomic.Int64
	full, once := make(chan struct{}), sync.Once{}
	serve(t, answerer, func(ctx context.Context, _ rpc.Caller, _ question) (reply, error) {
		n := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if n == rpc.Concurrency {
			once.Do(func() { close(full) })
		}
		select {
		case <-full:
		case <-ctx.Done():
		}
		return reply{}, nil
	})
	failed := make(chan error, 2*rpc.Concurrency)
	for range 2 * rpc.Concurrency {
		go func() {
			_, err := rpc.Call(t.Context(), asker, ask, rpc.Caller{}, question{})
			failed <- err
		}()
	}
	for range 2 * rpc.Concurrency {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	if most.Load() != rpc.Concurrency {
		t.Fatalf("%d handlers ran at once, want %d", most.Load(), rpc.Concurrency)
	}
}

func TestServicesAreDiscoverable(t *testing.T) {
	asker, answerer := open(t)
	serve(t, answerer, func(context.Context, rpc.Caller, question) (reply, error) { return reply{}, nil })
	m, err := asker.Request("$SRV.PING.test", nil, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var ping micro.Ping
	if err := json.Unmarshal(m.Data, &ping); err != nil || ping.Name != "test" {
		t.Fatalf("got %s, %v", m.Data, err)
	}
}

func TestCloseAnswersWhatIsUnderWay(t *testing.T) {
	asker, answerer := open(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	server := serve(t, answerer, func(context.Context, rpc.Caller, question) (reply, error) {
		close(entered)
		<-leave
		return reply{Text: "finished"}, nil
	})
	type result struct {
		reply
		err error
	}
	answered := make(chan result, 1)
	go func() {
		got, err := rpc.Call(t.Context(), asker, ask, rpc.Caller{}, question{})
		answered <- result{got, err}
	}()
	<-entered
	closed := make(chan struct{})
	go func() { server.Close(); close(closed) }()
	close(leave)
	if got := <-answered; got.err != nil || got.Text != "finished" {
		t.Fatalf("got %+v", got)
	}
	<-closed
}

func TestABatchIsWorkedOnInOrderAndAnsweredOneByOne(t *testing.T) {
	asker, answerer := open(t)
	const n = 50
	all := make(chan struct{})
	var order []int // guarded by the order itself, which the race detector checks
	serve(t, answerer, func(ctx context.Context, who rpc.Caller, q question) (reply, error) {
		order = append(order, q.N)
		if q.N == n-1 {
			close(all)
		}
		if q.N%7 == 3 {
			return reply{}, fault.Limited(time.Second, "Number %d is too much.", q.N)
		}
		sequence.Yield(ctx)
		<-all // those that wait, wait together
		return reply{Text: q.Text, Who: who}, nil
	})
	var payloads [][]byte
	for i := range n {
		payload, _ := json.Marshal(question{Text: strconv.Itoa(i), N: i})
		payloads = append(payloads, payload)
	}
	who := rpc.Caller{User: "ann", Connection: "c"}
	for i, answer := range rpc.Batch(t.Context(), asker, ask, who, payloads) {
		if i%7 == 3 {
			want := fault.Error{Code: fault.RateLimited, Message: fmt.Sprintf("Number %d is too much.", i), RetryAfter: time.Second}
			if got := fault.Of(answer.Err); got == nil || *got != want {
				t.Errorf("request %d: error %v, want %v", i, answer.Err, &want)
			}
			continue
		}
		var got reply
		if answer.Err != nil || json.Unmarshal(answer.Body, &got) != nil || got != (reply{Text: strconv.Itoa(i), Who: who}) {
			t.Errorf("request %d: got %+v, %v", i, got, answer.Err)
		}
	}
	if !slices.IsSorted(order) {
		t.Errorf("worked on in the order %v", order)
	}
}

func TestABatchThatNobodyAnswersIsUnavailable(t *testing.T) {
	asker, _ := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, answer := range rpc.Batch(ctx, asker, ask, rpc.Caller{}, [][]byte{[]byte("{}"), []byte("{}")}) {
		if fault.Of(answer.Err).Code != fault.Unavailable {
			t.Errorf("got %v, want unavailable", answer.Err)
		}
	}
}

func TestWhatIsNoBatchIsRefused(t *testing.T) {
	asker, answerer := open(t)
	serve(t, answerer, func(context.Context, rpc.Caller, question) (reply, error) { return reply{}, nil })
	for _, body := range []string{"\x05{}", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x80"} {
		request := &nats.Msg{Subject: ask.Subject(), Data: []byte(body), Header: nats.Header{"Batch": {"1"}}}
		answer, err := asker.RequestMsg(request, rpc.Timeout)
		if err != nil || answer.Header.Get(micro.ErrorCodeHeader) != string(fault.Invalid) {
			t.Errorf("%q: got %v, %v; want invalid", body, answer, err)
		}
	}
}

func TestTryGivesUpAtOnceWhereNobodyServes(t *testing.T) {
	asker, answerer := open(t)
	started := time.Now()
	if _, err := rpc.Try(t.Context(), asker, ask, rpc.Caller{}, question{}); fault.Of(err).Code != fault.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
	if took := time.Since(started); took > rpc.Timeout/2 {
		t.Errorf("that took %s", took)
	}
	serve(t, answerer, func(_ context.Context, _ rpc.Caller, q question) (reply, error) { return reply{Text: q.Text}, nil })
	if got, err := rpc.Try(t.Context(), asker, ask, rpc.Caller{}, question{Text: "there"}); err != nil || got.Text != "there" {
		t.Errorf("got %+v, %v", got, err)
	}
}
