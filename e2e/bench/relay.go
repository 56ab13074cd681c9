package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"sync"

	"github.com/gorilla/websocket"
)

// relayVariable makes the test binary a relay on that address.
const relayVariable = "BENCH_RELAY"

// hello answers the first message of a connection, which takes the place of a
// login: from now on it hears the room.
const hello = `{"type":"init"}`

// relay is the yardstick: whatever anybody in a room sends goes to everybody
// there, as it is. A frame is made once, and what waits for a connection leaves in
// one system call.
type relay struct {
	upgrader websocket.Upgrader
	mu       sync.Mutex
	rooms    map[string]*room
}

type room struct {
	mu      sync.Mutex
	members map[*member]struct{}
}

type member struct {
	conn    net.Conn
	wake    chan struct{} // has room for one
	mu      sync.Mutex
	waiting net.Buffers
}

// serveRelay is the body of the relay's process.
func serveRelay(address string) int {
	config := net.ListenConfig{KeepAlive: noKeepAlive}
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err == nil {
		mux := http.NewServeMux()
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.Handle("/", &relay{rooms: map[string]*room{}})
		err = http.Serve(listener, mux)
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// ServeHTTP implements http.Handler: the room is the address's only parameter.
func (r *relay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	conn, err := r.upgrader.Upgrade(w, request, nil)
	if err != nil {
		return // the upgrader has answered
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		_ = conn.Close()
		return
	}
	in := r.room(request.URL.RawQuery)
	m := &member{conn: conn.NetConn(), wake: make(chan struct{}, 1)}
	go m.write()
	in.add(m)
	m.send(textFrame([]byte(hello)))
	for {
		_, payload, err := conn.ReadMessage()
		if err != nil {
			break
		}
		in.send(textFrame(payload))
	}
	in.remove(m)
	close(m.wake)
	_ = conn.Close()
}

func (r *relay) room(name string) *room {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rooms[name] == nil {
		r.rooms[name] = &room{members: map[*member]struct{}{}}
	}
	return r.rooms[name]
}

func (r *room) add(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members[m] = struct{}{}
}

func (r *room) remove(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, m)
}

func (r *room) send(frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for m := range r.members {
		m.send(frame)
	}
}

func (m *member) send(frame []byte) {
	m.mu.Lock()
	m.waiting = append(m.waiting, frame)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// write writes what waits until the member is gone.
func (m *member) write() {
	for range m.wake {
		m.mu.Lock()
		frames := m.waiting
		m.waiting = nil
		m.mu.Unlock()
		if _, err := frames.WriteTo(m.conn); err != nil {
			return // the reader notices too
		}
	}
}

// textFrame makes a whole unmasked WebSocket text frame (RFC 6455, 5.2).
func textFrame(payload []byte) []byte { return appendFrame(nil, websocket.TextMessage, payload, false) }

// appendFrame appends a whole WebSocket frame (RFC 6455, 5.2), masked with zeros if
// it is a client's.
func appendFrame(b []byte, opcode int, payload []byte, masked bool) []byte {
	mask := byte(0)
	if masked {
		mask = 0x80
	}
	b = append(b, 0x80|byte(opcode))
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if masked {
		b = append(b, 0, 0, 0, 0)
	}
	return append(b, payload...)
}
