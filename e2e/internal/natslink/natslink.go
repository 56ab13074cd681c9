// Package natslink is a bad network between a service and its NATS server: a TCP
// proxy that reads NATS's client protocol, loses events on the way to the service
// and can be cut and opened.
package natslink

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"decentra.local/e2e/internal/installation"
)

// Link is the way between one service and the NATS server.
type Link struct {
	tb       testing.TB
	upstream string
	address  string
	running  sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while the link is cut
	conns    map[net.Conn]struct{}
	fraction float64
	random   *rand.Rand
	passed   int // events
	dropped  int
}

// New opens a link to the NATS server at an address. It is cut with the test.
func New(tb testing.TB, upstream string) *Link {
	tb.Helper()
	l := &Link{
		tb: tb, upstream: upstream, address: installation.FreeAddress(tb),
		conns: map[net.Conn]struct{}{}, random: rand.New(rand.NewPCG(1, 2)),
	}
	l.Open()
	tb.Cleanup(func() { l.Cut(); l.running.Wait() })
	return l
}

// URL is what the service connects to.
func (l *Link) URL() string { return "nats://" + l.address }

// Drop loses that fraction of the events from now on.
func (l *Link) Drop(fraction float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fraction = fraction
}

// Events tells how many events passed and how many were lost.
func (l *Link) Events() (passed, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.passed, l.dropped
}

// Cut closes every connection; new ones are refused.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close()
		l.listener = nil
	}
	for conn := range l.conns {
		_ = conn.Close()
	}
	clear(l.conns)
}

// Open lets connections through.
func (l *Link) Open() {
	l.tb.Helper()
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		l.tb.Fatalf("open the link: %v", err)
	}
	l.mu.Lock()
	l.listener = listener
	l.mu.Unlock()
	l.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // cut
			}
			l.running.Go(func() { l.serve(conn) })
		}
	})
}

// serve joins a service's connection with one to the server.
func (l *Link) serve(service net.Conn) {
	server, err := net.DialTimeout("tcp", l.upstream, 5*time.Second)
	if err != nil {
		_ = service.Close()
		return
	}
	l.mu.Lock()
	open := l.listener != nil
	if open {
		l.conns[service], l.conns[server] = struct{}{}, struct{}{}
	}
	l.mu.Unlock()
	hangUp := func() {
		_ = service.Close()
		_ = server.Close()
	}
	if !open {
		hangUp()
		return
	}
	l.running.Go(func() {
		defer hangUp()
		_, _ = io.Copy(server, service) // the end of a link is no news
	})
	defer hangUp()
	if err := l.relay(service, bufio.NewReaderSize(server, 64<<10)); err != nil {
		l.tb.Errorf("nats link: %v", err)
	}
	l.mu.Lock()
	delete(l.conns, service)
	delete(l.conns, server)
	l.mu.Unlock()
}

// relay passes on what the server says, protocol line by protocol line. It
// returns an error for what is no NATS protocol.
func (l *Link) relay(service io.Writer, server *bufio.Reader) error {
	for {
		line, err := server.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return fmt.Errorf("a protocol line is longer than the buffer: %.80s", line)
		}
		if err != nil {
			return nil // the connection ended
		}
		out := bytes.Clone(line)
		words := strings.Fields(string(line))
		drop := false
		if len(words) > 0 && (words[0] == "MSG" || words[0] == "HMSG") {
			size, err := strconv.Atoi(words[len(words)-1])
			if err != nil || len(words) < 4 {
				return fmt.Errorf("the line %q has no size", line)
			}
			payload := make([]byte, size+2)
			if _, err := io.ReadFull(server, payload); err != nil {
				return nil
			}
			out = append(out, payload...)
			drop = l.decide(words[1])
		}
		if drop {
			continue
		}
		if _, err := service.Write(out); err != nil {
			return nil
		}
	}
}

// decide tells whether a message is an event that gets lost.
func (l *Link) decide(subject string) bool {
	parts := strings.Split(subject, ".")
	if len(parts) < 3 || parts[1] != "event" {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.random.Float64() < l.fraction {
		l.dropped++
		return true
	}
	l.passed++
	return false
}
