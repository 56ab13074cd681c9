package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/firsthand"
	"decentra.local/pkg/workers"
)

// Concurrency is how many requests of one method a process works on at once;
// the others wait in the subscription, in order, until their deadline.
const Concurrency = 64

// inboxes begin the subjects on which anybody waits for an answer.
const inboxes = nats.InboxPrefix

// Server answers the methods of one service. It is discoverable over NATS's
// service protocol ($SRV.PING, $SRV.INFO, $SRV.STATS).
type Server struct {
	nc      *nats.Conn
	name    string
	service micro.Service
	log     *slog.Logger
	metrics *metrics // nil: nothing is counted
	ctx     context.Context
	stop    context.CancelFunc

	mu      sync.Mutex
	closing bool
	running sync.WaitGroup
}

// NewServer announces the service. Version is semantic (semver.org).
func NewServer(nc *nats.Conn, name, version, description string, log *slog.Logger) (*Server, error) {
	service, err := micro.AddService(nc, micro.Config{
		Name: name, Version: version, Description: description,
	})
	if err != nil {
		return nil, fmt.Errorf("announce service %s: %w", name, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Server{nc: nc, name: name, service: service, log: log, ctx: ctx, stop: stop}, nil
}

// Close stops taking requests, waits for those under way and answers them.
func (s *Server) Close() {
	if err := s.service.Stop(); err != nil {
		s.log.Debug("service stop", "error", err)
	}
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.running.Wait()
	s.stop()
}

// spawn runs work, unless the server is closing.
func (s *Server) spawn(work func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.running.Add(1)
	workers.Go(func() {
		defer s.running.Done()
		work()
	})
	return true
}

// Handle answers a method. The handler's context ends with the caller's
// deadline. A panic is contained: the caller gets `internal`.
func Handle[Req, Res any](s *Server, m Method[Req, Res], handler func(context.Context, Caller, Req) (Res, error)) error {
	slots := make(chan struct{}, Concurrency)
	err := s.service.AddEndpoint(m.Name, micro.HandlerFunc(func(r micro.Request) {
		if !strings.HasPrefix(r.Reply(), inboxes) {
			return // nobody waits, or somebody wants us to speak where they may not
		}
		deadline := deadlineIn(r.Headers().Get(headerDeadline), time.Now())
		slots <- struct{}{}
		if time.Now().After(deadline) {
			<-slots // nobody waits for this answer any more
			return
		}
		started := s.spawn(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithDeadline(s.ctx, deadline)
			defer cancel()
			s.answer(ctx, r, m.Subject(), func(ctx context.Context, caller Caller, payload []byte) (any, error) {
				var req Req
				if err := Decode(payload, &req); err != nil {
					return nil, err
				}
				return handler(ctx, caller, req)
			})
		})
		if !started {
			<-slots
			s.refuse(s.ctx, r, m.Subject(), fault.New(fault.Unavailable, "The server is restarting. Please try again."))
		}
	}), micro.WithEndpointSubject(m.Subject()))
	if err != nil {
		return fmt.Errorf("serve %s: %w", m.Subject(), err)
	}
	return nil
}

// deadlineIn is until when the caller waits. Nobody waits as long as a minute: what
// is further off than that is of another clock, or of before this one jumped.
func deadlineIn(header string, now time.Time) time.Time {
	ms, err := strconv.ParseInt(header, 10, 64)
	deadline := time.UnixMilli(ms)
	if err != nil || deadline.Sub(now).Abs() > time.Minute {
		return now.Add(Timeout)
	}
	return deadline
}

// work is a handler whose request is not decoded yet.
type work func(ctx context.Context, caller Caller, payload []byte) (any, error)

func (s *Server) answer(ctx context.Context, r micro.Request, subject string, do work) {
	headers := r.Headers()
	if id := headers.Get(headerRequest); id != "" {
		ctx = WithRequest(ctx, id)
	}
	user, err := url.PathUnescape(headers.Get(headerUser))
	if err != nil {
		s.refuse(ctx, r, subject, fault.New(fault.Invalid, "The header User is not escaped as in a path."))
		return
	}
	caller := Caller{
		User:       user,
		Session:    headers.Get(headerSession),
		Connection: headers.Get(headerConnection),
	}
	if headers.Get(headerBatch) != "" {
		s.answerBatch(ctx, r, subject, caller, do)
		return
	}
	payload, mark, err := s.result(ctx, subject, caller, r.Data(), headers.Get(headerMark) != "", do)
	if err != nil {
		s.refuse(ctx, r, subject, err)
		return
	}
	answer := &nats.Msg{Data: payload}
	if mark != "" {
		answer.Header = nats.Header{headerMark: {mark}}
	}
	s.reply(ctx, r, subject, answer)
}

// marked is the mark of an answer, and whether that is all that is asked for.
type marked struct {
	mark string
	only bool
}

type markedKey struct{}

// Marked gives an answer its mark, and reports whether nothing else is asked for: then
// the handler need not make the answer. It is for handlers that have made sure of the
// caller's right to it.
func Marked(ctx context.Context, mark string) (only bool) {
	m, ok := ctx.Value(markedKey{}).(*marked)
	if !ok {
		return false
	}
	m.mark = mark
	return m.only
}

// appender is an answer that knows its own JSON, being large and asked for often.
type appender interface{ AppendJSON([]byte) []byte }

// result is what the handler answers, as JSON, or only its mark.
func (s *Server) result(ctx context.Context, subject string, caller Caller, payload []byte, onlyMark bool, do work) (answer []byte, mark string, err error) {
	start := time.Now()
	m := &marked{only: onlyMark}
	ctx = context.WithValue(ctx, markedKey{}, m)
	result, err := s.contain(ctx, subject, func() (any, error) { return do(ctx, caller, payload) })
	s.metrics.note(subject, start, err)
	if s.log.Enabled(ctx, slog.LevelDebug) {
		s.log.Debug("request", "subject", subject, "request_id", RequestOf(ctx), "code", codeOf(err), "took", time.Since(start))
	}
	if err != nil {
		return nil, "", err
	}
	if onlyMark {
		return []byte(m.mark), "", nil
	}
	if a, ok := result.(appender); ok {
		return a.AppendJSON(nil), m.mark, nil
	}
	answer, err = json.Marshal(result)
	return answer, m.mark, err
}

// reply answers a request. micro's own Respond and Error are for the goroutine
// that its handler runs in.
func (s *Server) reply(ctx context.Context, r micro.Request, subject string, m *nats.Msg) {
	m.Subject = r.Reply()
	firsthand.Mark(m, s.name)
	if err := s.nc.PublishMsg(m); err != nil {
		s.log.Warn("answer not sent", "subject", subject, "request_id", RequestOf(ctx), "error", err)
	}
}

func (s *Server) contain(ctx context.Context, subject string, do func() (any, error)) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("handler panicked", "subject", subject, "request_id", RequestOf(ctx),
				"panic", p, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "Something went wrong on the server.")
		}
	}()
	return do()
}

// refusal is what a caller may know of an error; the rest is logged.
func (s *Server) refusal(ctx context.Context, subject string, err error) *fault.Error {
	coded := fault.Of(err)
	if coded.Code == fault.Internal || coded.Code == fault.Unavailable {
		s.log.Error("request failed", "subject", subject, "request_id", RequestOf(ctx), "error", err)
	}
	return coded
}

func (s *Server) refuse(ctx context.Context, r micro.Request, subject string, err error) {
	coded := s.refusal(ctx, subject, err)
	header := nats.Header{micro.ErrorCodeHeader: {string(coded.Code)}, micro.ErrorHeader: {coded.Message}}
	if coded.RetryAfter > 0 {
		header[headerRetry] = []string{strconv.FormatInt(coded.RetryAfter.Milliseconds(), 10)}
	}
	s.reply(ctx, r, subject, &nats.Msg{Header: header})
}
