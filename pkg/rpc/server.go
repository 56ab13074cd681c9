package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"decentra.local/pkg/fault"
)

// Concurrency is how many requests of one method a process works on at once;
// the others wait in the subscription, in order, until their deadline.
const Concurrency = 64

// Server answers the methods of one service. It is discoverable over NATS's
// service protocol ($SRV.PING, $SRV.INFO, $SRV.STATS).
type Server struct {
	nc      *nats.Conn
	service micro.Service
	log     *slog.Logger
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
	return &Server{nc: nc, service: service, log: log, ctx: ctx, stop: stop}, nil
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
	s.running.Go(work)
	return true
}

// Handle answers a method. The handler's context ends with the caller's
// deadline. A panic is contained: the caller gets `internal`.
func Handle[Req, Res any](s *Server, m Method[Req, Res], handler func(context.Context, Caller, Req) (Res, error)) error {
	slots := make(chan struct{}, Concurrency)
	err := s.service.AddEndpoint(m.Name, micro.HandlerFunc(func(r micro.Request) {
		deadline := time.Now().Add(Timeout)
		if ms, err := strconv.ParseInt(r.Headers().Get(headerDeadline), 10, 64); err == nil {
			deadline = time.UnixMilli(ms)
		}
		slots <- struct{}{}
		if time.Now().After(deadline) {
			<-slots // nobody waits for this answer any more
			return
		}
		started := s.spawn(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithDeadline(s.ctx, deadline)
			defer cancel()
			s.answer(ctx, r, m.Subject(), func(ctx context.Context, caller Caller) (any, error) {
				var req Req
				if err := Decode(r.Data(), &req); err != nil {
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

func (s *Server) answer(ctx context.Context, r micro.Request, subject string, work func(context.Context, Caller) (any, error)) {
	headers := r.Headers()
	if id := headers.Get(headerRequest); id != "" {
		ctx = WithRequest(ctx, id)
	}
	caller := Caller{
		User:       headers.Get(headerUser),
		Session:    headers.Get(headerSession),
		Connection: headers.Get(headerConnection),
	}
	result, err := s.contain(ctx, subject, caller, work)
	var payload []byte
	if err == nil {
		payload, err = json.Marshal(result)
	}
	if err != nil {
		s.refuse(ctx, r, subject, err)
		return
	}
	s.reply(ctx, r, subject, &nats.Msg{Data: payload})
}

// reply answers a request. micro's own Respond and Error are for the goroutine
// that its handler runs in.
func (s *Server) reply(ctx context.Context, r micro.Request, subject string, m *nats.Msg) {
	m.Subject = r.Reply()
	if m.Subject == "" {
		return // nobody waits
	}
	if err := s.nc.PublishMsg(m); err != nil {
		s.log.Warn("answer not sent", "subject", subject, "request_id", RequestOf(ctx), "error", err)
	}
}

func (s *Server) contain(ctx context.Context, subject string, caller Caller, work func(context.Context, Caller) (any, error)) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("handler panicked", "subject", subject, "request_id", RequestOf(ctx),
				"panic", p, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "Something went wrong on the server.")
		}
	}()
	return work(ctx, caller)
}

func (s *Server) refuse(ctx context.Context, r micro.Request, subject string, err error) {
	coded := fault.Of(err)
	if coded.Code == fault.Internal || coded.Code == fault.Unavailable {
		s.log.Error("request failed", "subject", subject, "request_id", RequestOf(ctx), "error", err)
	}
	header := nats.Header{micro.ErrorCodeHeader: {string(coded.Code)}, micro.ErrorHeader: {coded.Message}}
	if coded.RetryAfter > 0 {
		header[headerRetry] = []string{strconv.FormatInt(coded.RetryAfter.Milliseconds(), 10)}
	}
	s.reply(ctx, r, subject, &nats.Msg{Header: header})
}
