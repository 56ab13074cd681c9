// Package host owns the life of a process: settings, start, readiness, drain
// and exit code. A service gets a Host and knows nothing of the process around
// it, alone or together with the others.
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"decentra.local/pkg/bus"
)

const (
	// drainTimeout bounds how long a service may take to stop.
	drainTimeout = 15 * time.Second
	// flushTimeout bounds how long NATS may take to learn of subscriptions.
	flushTimeout = 2 * time.Second
)

// Service is a runtime unit. Run returns when ctx ends and everything under way
// is finished, or when the service can't go on.
type Service interface {
	Run(ctx context.Context) error
}

// Unit is a service by name, and how it is made from settings.
type Unit struct {
	Name string
	New  func(Settings, *Host) Service
}

// Host is what the process gives a service.
type Host struct {
	Name    string
	Log     *slog.Logger
	Metrics prometheus.Registerer
	// Now is the clock for what is stored, and compared with what was. It may be
	// wrong, and jump. What lasts a while goes by time.Now, which counts on.
	Now func() time.Time

	bus   *bus.Bus
	state *readiness
}

// Connect opens the service's connection to NATS.
func (h *Host) Connect(options ...nats.Option) (*nats.Conn, error) {
	options = append([]nats.Option{nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		h.Log.Warn("nats", "error", err)
	})}, options...)
	nc, err := h.bus.Connect(h.Name, options...)
	if err != nil {
		return nil, err
	}
	h.state.watch(h.Name, nc)
	return nc, nil
}

// ConnectAside opens one more connection, for what must not stand in the way of
// the service's messages. Readiness does not look at it.
func (h *Host) ConnectAside(options ...nats.Option) (*nats.Conn, error) {
	return h.bus.Connect(h.Name, options...)
}

// Ready marks the service as ready; it is ready while its NATS link is up. What
// it subscribed to is known to NATS by then, unless the link is down.
func (h *Host) Ready() {
	if nc := h.state.link(h.Name); nc != nil && nc.IsConnected() {
		_ = nc.FlushTimeout(flushTimeout) // a link that just broke subscribes anew
	}
	h.state.ready(h.Name)
}

// Announce sets the line that the process prints when all of it is ready.
func (h *Host) Announce(line string) { h.state.announce(line) }

// Say prints a line for whoever started the process, after the one that says that
// it is ready.
func (h *Host) Say(line string) { h.state.say(line) }

// ProcessReady reports whether every service of the process is ready, and which
// are not.
func (h *Host) ProcessReady() (bool, []string) { return h.state.check() }

// readiness is what the process knows of its services.
type readiness struct {
	mu    sync.Mutex
	names []string
	up    map[string]bool
	links map[string]*nats.Conn
	asked chan struct{} // closed and replaced at every change
	line  string        // what to print when ready
	out   io.Writer     // where to
	told  bool          // that it is ready
	later []string      // what to print after that
}

func (r *readiness) say(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.told {
		r.later = append(r.later, line)
		return
	}
	fmt.Fprintln(r.out, line)
}

// tell prints that the process is ready, and what waited for that.
func (r *readiness) tell(status string) {
	line := r.announcement(status)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = true
	for _, line := range append([]string{line}, r.later...) {
		fmt.Fprintln(r.out, line)
	}
	r.later = nil
}

func (r *readiness) announce(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line = line
}

func (r *readiness) announcement(status string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.line != "" {
		return r.line
	}
	return strings.Join(r.names, ", ") + " is ready, status on " + status
}

func (r *readiness) watch(name string, nc *nats.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links[name] = nc
}

func (r *readiness) link(name string) *nats.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.links[name]
}

func (r *readiness) ready(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up[name] = true
	close(r.asked)
	r.asked = make(chan struct{})
}

func (r *readiness) check() (bool, []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var missing []string
	for _, name := range r.names {
		if !r.up[name] || r.links[name] != nil && !r.links[name].IsConnected() {
			missing = append(missing, name)
		}
	}
	return len(missing) == 0, missing
}

func (r *readiness) changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// Run serves with these units until ctx ends or one of them fails. Alone says
// that they need no port for NATS between them and others.
func Run(ctx context.Context, settings Settings, units []Unit, alone bool, out io.Writer) error {
	log := settings.Logger()
	if err := os.MkdirAll(settings.Data, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	config := bus.Config{URL: settings.NATS, Credentials: settings.NATSCredentials, Store: filepath.Join(settings.Data, "nats"), Log: log}
	if !alone {
		config.Listen = bus.DevelopmentAddress
	}
	b, err := bus.Open(config)
	if err != nil {
		return err
	}
	defer b.Close()

	state := &readiness{up: map[string]bool{}, links: map[string]*nats.Conn{}, asked: make(chan struct{}), out: out}
	for _, u := range units {
		state.names = append(state.names, u.Name)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo())
	status, err := serveStatus(settings, state, registry)
	if err != nil {
		return err
	}
	defer status.close()
	log.Info("status", "url", status.url)

	// Services are stopped one after the other, those that were started last
	// first: the gateway finishes what it took while the owners still answer.
	type running struct {
		name string
		stop context.CancelFunc
		done chan error
	}
	var all []running
	failed := make(chan error, len(units))
	for _, u := range units {
		unitCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		h := &Host{Name: u.Name, Log: log.With("service", u.Name), Now: time.Now, bus: b, state: state,
			Metrics: prometheus.WrapRegistererWith(prometheus.Labels{"service": u.Name},
				prometheus.WrapRegistererWithPrefix("decentra_", registry))}
		r := running{u.Name, cancel, make(chan error, 1)}
		service := u.New(settings, h)
		go func() {
			err := service.Run(unitCtx)
			if err != nil {
				err = fmt.Errorf("%s: %w", u.Name, err)
				failed <- err
			}
			r.done <- err
		}()
		all = append(all, r)
	}

	var failure error
	ready := false
	for failure == nil && ctx.Err() == nil {
		changed := state.changed()
		if ok, _ := state.check(); ok && !ready {
			ready = true
			state.tell(status.url)
		}
		select {
		case <-ctx.Done():
		case failure = <-failed:
		case <-changed:
		case <-time.After(readyPoll(ready)):
		}
	}
	for _, r := range slices.Backward(all) {
		r.stop()
		select {
		case err := <-r.done:
			failure = errors.Join(failure, ignoreSame(failure, err))
		case <-time.After(drainTimeout):
			failure = errors.Join(failure, fmt.Errorf("%s did not stop within %s", r.name, drainTimeout))
		}
	}
	return failure
}

// readyPoll is how often readiness is looked at until it is reached: a link
// that comes up tells nobody.
func readyPoll(ready bool) time.Duration {
	if ready {
		return time.Hour
	}
	return 20 * time.Millisecond
}

// ignoreSame drops err when it is the failure that ended the process.
func ignoreSame(failure, err error) error {
	if errors.Is(failure, err) {
		return nil
	}
	return err
}
