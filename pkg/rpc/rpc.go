// Package rpc owns how one service asks another: a Method is a value that
// names the subject and both payloads, Call asks, Handle answers. There is one
// transport, NATS, and one form of failure, the coded error.
package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/firsthand"
)

// Timeout bounds a call whose context has no deadline.
const Timeout = 5 * time.Second

// Method is a contract: a request type, an answer type and the service that
// owns what is asked for.
type Method[Req, Res any] struct {
	Service string
	Name    string
}

// Subject is where requests are sent: `<service>.rpc.<name>`.
func (m Method[Req, Res]) Subject() string { return m.Service + ".rpc." + m.Name }

// Types are the types of the request and the answer, for what is generated from
// them.
func (m Method[Req, Res]) Types() (request, answer reflect.Type) {
	return reflect.TypeFor[Req](), reflect.TypeFor[Res]()
}

// Endpoint is a Method whose types are not known, for tables.
type Endpoint interface {
	Subject() string
	Types() (request, answer reflect.Type)
}

// Caller says on whose behalf a request is made. Only gateways know it first
// hand; the zero Caller is a service asking for itself.
type Caller struct {
	User       string // canonical user name
	Session    string // session id
	Connection string // the socket that is answered, empty over REST
}

// Headers of a request.
const (
	headerUser       = "User"
	headerSession    = "Session"
	headerConnection = "Connection"
	headerDeadline   = "Deadline" // Unix milliseconds
	headerRequest    = "Request-Id"
	headerRetry      = "Retry-After" // milliseconds, in a refusal
	headerBatch      = "Batch"       // the payload is so many requests
	headerCallers    = "Callers"     // each of them after who asks it
	headerMark       = "Mark"        // of the answer; in a request: it is all that is asked for
)

type requestKey struct{}

// WithRequest returns a context whose calls carry a request id, for the logs.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestOf returns the request id, or nothing.
func RequestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// Call asks and waits for the answer. Errors are coded: those the method's
// contract names, or unavailable when nobody answered in time. While nobody serves
// the subject it tries again until the deadline: a request that was never
// delivered can be repeated.
func Call[Req, Res any](ctx context.Context, nc *nats.Conn, m Method[Req, Res], caller Caller, req Req) (Res, error) {
	return call(ctx, nc, m, caller, req, true)
}

// Try is Call that gives up at once when nobody serves the subject.
func Try[Req, Res any](ctx context.Context, nc *nats.Conn, m Method[Req, Res], caller Caller, req Req) (Res, error) {
	return call(ctx, nc, m, caller, req, false)
}

func call[Req, Res any](ctx context.Context, nc *nats.Conn, m Method[Req, Res], caller Caller, req Req, patient bool) (Res, error) {
	var res Res
	payload, err := json.Marshal(req)
	if err != nil {
		return res, fmt.Errorf("encode %s: %w", m.Subject(), err)
	}
	answer, err := ask(ctx, nc, m, caller, payload, nil, patient)
	if err != nil {
		return res, err
	}
	if err := json.Unmarshal(answer.Data, &res); err != nil {
		return res, fmt.Errorf("decode answer of %s: %w", m.Subject(), err)
	}
	return res, nil
}

// Raw is Call for payloads that are JSON already.
func Raw(ctx context.Context, nc *nats.Conn, m Endpoint, caller Caller, payload []byte) ([]byte, error) {
	answer, _, err := RawMarked(ctx, nc, m, caller, payload)
	return answer, err
}

// RawMarked is Raw with the mark of the answer; "": it has none. As long as the mark
// is the same, so is the answer to the same request, whoever may make it.
func RawMarked(ctx context.Context, nc *nats.Conn, m Endpoint, caller Caller, payload []byte) (answer []byte, mark string, err error) {
	reply, err := ask(ctx, nc, m, caller, payload, nil, true)
	if err != nil {
		return nil, "", err
	}
	return reply.Data, reply.Header.Get(headerMark), nil
}

func ask(ctx context.Context, nc *nats.Conn, m Endpoint, caller Caller, payload []byte, header nats.Header, patient bool) (*nats.Msg, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, Timeout)
		defer cancel()
	}
	deadline, _ := ctx.Deadline()
	if header == nil {
		header = nats.Header{}
	}
	header[headerDeadline] = []string{strconv.FormatInt(deadline.UnixMilli(), 10)}
	request := &nats.Msg{Subject: m.Subject(), Data: payload, Header: header}
	set := func(key, value string) {
		if value != "" {
			request.Header[key] = []string{value}
		}
	}
	set(headerUser, url.PathEscape(caller.User)) // a header has no line breaks, and no spaces at its ends
	set(headerSession, caller.Session)
	set(headerConnection, caller.Connection)
	set(headerRequest, RequestOf(ctx))

	pause := 20 * time.Millisecond
	for {
		reply, err := nc.RequestMsgWithContext(ctx, request)
		if err == nil && !firsthand.By(reply, serviceOf(m)) {
			return nil, unavailable(m)
		}
		if err == nil {
			return reply, decodeError(reply)
		}
		if errors.Is(err, nats.ErrMaxPayload) {
			return nil, fault.New(fault.TooLarge, "That is more than the server takes.")
		}
		if !patient || !undelivered(err) {
			return nil, unavailable(m)
		}
		select {
		case <-ctx.Done():
			return nil, unavailable(m)
		case <-time.After(pause):
			pause = min(2*pause, 500*time.Millisecond)
		}
	}
}

// undelivered reports whether err says that nobody got the request.
func undelivered(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, nats.ErrReconnectBufExceeded) ||
		errors.Is(err, nats.ErrDisconnected)
}

func unavailable(m Endpoint) error {
	return fault.New(fault.Unavailable, "The %s service does not answer right now. Please try again.", serviceOf(m))
}

func serviceOf(m Endpoint) string {
	service, _, _ := strings.Cut(m.Subject(), ".")
	return service
}

func decodeError(reply *nats.Msg) error {
	code := reply.Header.Get(micro.ErrorCodeHeader)
	if code == "" {
		return nil
	}
	e := &fault.Error{Code: fault.Code(code), Message: reply.Header.Get(micro.ErrorHeader)}
	if ms, err := strconv.ParseInt(reply.Header.Get(headerRetry), 10, 64); err == nil {
		e.RetryAfter = time.Duration(ms) * time.Millisecond
	}
	return e
}

// Decode reads a payload into v and words what is wrong with it for the person
// who wrote it: `invalid` with the name of the field.
func Decode(payload []byte, v any) error {
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	err := json.Unmarshal(payload, v)
	if err == nil {
		return nil
	}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		return fault.New(fault.Invalid, "The field %s must be %s.", mismatch.Field, kindName(mismatch.Type))
	}
	if errors.As(err, &mismatch) {
		return fault.New(fault.Invalid, "A JSON object is expected.")
	}
	return fault.New(fault.Invalid, "That is not valid JSON.")
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}
