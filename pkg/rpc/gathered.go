package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/gather"
)

// gatheredMost is how many requests of many callers travel together.
const gatheredMost = 32

// Gathered asks a method whose answers are small on behalf of many: those who ask
// while others are being answered do it together.
type Gathered[Req, Res any] struct{ raw *gathered }

// Marks asks for the marks of a method's answers, and is Gathered otherwise.
type Marks struct{ raw *gathered }

// gathered has requests that are JSON already.
type gathered struct {
	method    Endpoint
	questions *gather.Questions[gatheredRequest, Answer]
}

// gatheredRequest is one of many, with who asks it.
type gatheredRequest struct {
	caller  Caller
	id      string
	payload []byte
}

// Gather makes requests for a method travel together.
func Gather[Req, Res any](nc *nats.Conn, m Method[Req, Res]) *Gathered[Req, Res] {
	return &Gathered[Req, Res]{newGathered(nc, m, nats.Header{})}
}

// GatherMarks makes requests for the marks of a method's answers travel together.
func GatherMarks(nc *nats.Conn, m Endpoint) *Marks {
	return &Marks{newGathered(nc, m, nats.Header{headerMark: {"only"}})}
}

func newGathered(nc *nats.Conn, m Endpoint, header nats.Header) *gathered {
	return &gathered{m, gather.New(gatheredMost, func(all []gatheredRequest) ([]Answer, error) {
		return askGathered(nc, m, maps.Clone(header), all), nil
	})}
}

// Call is the function Call.
func (g *Gathered[Req, Res]) Call(ctx context.Context, caller Caller, req Req) (Res, error) {
	var res Res
	payload, err := json.Marshal(req)
	if err != nil {
		return res, fmt.Errorf("encode %s: %w", g.raw.method.Subject(), err)
	}
	answer, err := g.raw.call(ctx, caller, payload)
	if err != nil {
		return res, err
	}
	if err := json.Unmarshal(answer, &res); err != nil {
		return res, fmt.Errorf("decode answer of %s: %w", g.raw.method.Subject(), err)
	}
	return res, nil
}

// Call asks for the mark of the answer to a request that is JSON already; "": it has
// none.
func (g *Marks) Call(ctx context.Context, caller Caller, payload []byte) (string, error) {
	mark, err := g.raw.call(ctx, caller, payload)
	return string(mark), err
}

func (g *gathered) call(ctx context.Context, caller Caller, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	answer, err := g.questions.Ask(ctx, gatheredRequest{caller, RequestOf(ctx), payload})
	if err != nil {
		return nil, unavailable(g.method)
	}
	return answer.Body, answer.Err
}

func askGathered(nc *nats.Conn, m Endpoint, header nats.Header, all []gatheredRequest) []Answer {
	ctx := context.Background()
	answers := make([]Answer, len(all))
	if len(all) == 1 {
		one := all[0]
		reply, err := ask(WithRequest(ctx, one.id), nc, m, one.caller, one.payload, header, true)
		if answers[0].Err = err; err == nil {
			answers[0].Body = reply.Data
		}
		return answers
	}
	var body []byte
	for _, r := range all {
		for _, part := range []string{r.caller.User, r.caller.Session, r.caller.Connection, r.id, string(r.payload)} {
			body = appendPart(body, []byte(part))
		}
	}
	header[headerBatch], header[headerCallers] = []string{strconv.Itoa(len(all))}, []string{"1"}
	reply, err := ask(ctx, nc, m, Caller{}, body, header, true)
	split(answers, reply, err)
	return answers
}

// nextAsker cuts off who asks the next request.
func nextAsker(b []byte) (r gatheredRequest, rest []byte, err error) {
	for _, field := range []*string{&r.caller.User, &r.caller.Session, &r.caller.Connection, &r.id} {
		var part []byte
		if part, b, err = nextPart(b); err != nil {
			return r, nil, err
		}
		*field = string(part)
	}
	return r, b, nil
}
