package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/gather"
)

// gatheredMost is how many requests of many callers travel together.
const gatheredMost = 32

// Gathered asks a method whose answers are small on behalf of many: those who ask
// while others are being answered do it together.
type Gathered[Req, Res any] struct {
	method    Method[Req, Res]
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
	return &Gathered[Req, Res]{m, gather.New(gatheredMost, func(all []gatheredRequest) ([]Answer, error) {
		return askGathered(nc, m, all), nil
	})}
}

// Call is the function Call.
func (g *Gathered[Req, Res]) Call(ctx context.Context, caller Caller, req Req) (Res, error) {
	var res Res
	payload, err := json.Marshal(req)
	if err != nil {
		return res, fmt.Errorf("encode %s: %w", g.method.Subject(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	answer, err := g.questions.Ask(ctx, gatheredRequest{caller, RequestOf(ctx), payload})
	if err != nil {
		return res, unavailable(g.method)
	}
	if answer.Err != nil {
		return res, answer.Err
	}
	if err := json.Unmarshal(answer.Body, &res); err != nil {
		return res, fmt.Errorf("decode answer of %s: %w", g.method.Subject(), err)
	}
	return res, nil
}

func askGathered(nc *nats.Conn, m Endpoint, all []gatheredRequest) []Answer {
	ctx := context.Background()
	answers := make([]Answer, len(all))
	if len(all) == 1 {
		one := all[0]
		answers[0].Body, answers[0].Err = Raw(WithRequest(ctx, one.id), nc, m, one.caller, one.payload)
		return answers
	}
	var body []byte
	for _, r := range all {
		for _, part := range []string{r.caller.User, r.caller.Session, r.caller.Connection, r.id, string(r.payload)} {
			body = appendPart(body, []byte(part))
		}
	}
	header := nats.Header{headerBatch: {strconv.Itoa(len(all))}, headerCallers: {"1"}}
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
