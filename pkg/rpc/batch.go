package rpc

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/sequence"
)

// Answer is what one request of a batch was answered.
type Answer struct {
	Body []byte
	Err  error
}

// Requests that travel together, and their answers, are each preceded by their
// length (encoding/binary's Uvarint); an answer begins with one of these.
const (
	answered = '+' // the rest is the answer
	refused  = '-' // the rest is a fault.Error, as JSON
)

var errBatch = errors.New("not a batch")

func appendPart(b []byte, parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	b = binary.AppendUvarint(b, uint64(size))
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// nextPart cuts the first part off.
func nextPart(b []byte) (part, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, errBatch
	}
	end := n + int(size)
	return b[n:end:end], b[end:], nil
}

// Batch is Raw for several requests in one. They are worked on in their order:
// one begins when the one before has its place in the order of changes, or its
// answer.
func Batch(ctx context.Context, nc *nats.Conn, m Endpoint, caller Caller, payloads [][]byte) []Answer {
	answers := make([]Answer, len(payloads))
	if len(payloads) == 1 {
		answers[0].Body, answers[0].Err = Raw(ctx, nc, m, caller, payloads[0])
		return answers
	}
	var body []byte
	for _, p := range payloads {
		body = appendPart(body, p)
	}
	reply, err := ask(ctx, nc, m, caller, body, nats.Header{headerBatch: {strconv.Itoa(len(payloads))}}, true)
	split(answers, reply, err)
	return answers
}

// split takes the answers to a batch apart.
func split(answers []Answer, reply *nats.Msg, err error) {
	var rest []byte
	if err == nil {
		rest = reply.Data
	}
	for i := range answers {
		var part []byte
		if err == nil {
			part, rest, err = nextPart(rest)
		}
		if err == nil && len(part) == 0 {
			err = errBatch
		}
		switch {
		case err != nil:
			answers[i].Err = err
		case part[0] == refused:
			answers[i].Err = refusedWith(part[1:])
		default:
			answers[i].Body = part[1:]
		}
	}
}

func refusedWith(refusal []byte) error {
	e := new(fault.Error)
	if err := json.Unmarshal(refusal, e); err != nil {
		return fmt.Errorf("decode a refusal: %w", err)
	}
	return e
}

// answerBatch answers requests that came together, in their order; gathered ones all
// at once.
func (s *Server) answerBatch(ctx context.Context, r micro.Request, subject string, caller Caller, do work) {
	gathered, onlyMark := r.Headers().Get(headerCallers) != "", r.Headers().Get(headerMark) != ""
	var requests []gatheredRequest
	for rest := r.Data(); len(rest) > 0; {
		request := gatheredRequest{caller: caller, id: RequestOf(ctx)}
		var err error
		if gathered {
			request, rest, err = nextAsker(rest)
		}
		if err == nil {
			request.payload, rest, err = nextPart(rest)
		}
		if err != nil {
			s.refuse(ctx, r, subject, fault.New(fault.Invalid, "These are not requests that travel together."))
			return
		}
		requests = append(requests, request)
	}
	answers := make([][]byte, len(requests))
	sequence.Run(ctx, len(requests), func(ctx context.Context, i int) {
		request := requests[i]
		if gathered {
			sequence.Yield(ctx) // they have no order
			ctx = WithRequest(ctx, request.id)
		}
		payload, _, err := s.result(ctx, subject, request.caller, request.payload, onlyMark, do)
		kind := byte(answered)
		if err != nil {
			kind = refused
			payload, _ = json.Marshal(s.refusal(ctx, subject, err)) // plain fields
		}
		answers[i] = appendPart(nil, []byte{kind}, payload)
	})
	var body []byte
	for _, a := range answers {
		body = append(body, a...)
	}
	s.reply(ctx, r, subject, &nats.Msg{Data: body})
}
