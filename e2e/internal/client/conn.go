// Package client speaks Decentra's protocol as a good client does: requests and
// answers by request_id, events as a stream, and a Mirror that ends with exactly
// the server's history whatever happened on the way.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"decentra.local/pkg/wire"
)

// answerTimeout bounds a request: the server answers within five seconds, even
// if only to say that it can't.
const answerTimeout = 15 * time.Second

// Conn is one WebSocket connection.
type Conn struct {
	Username string
	Token    string // given at a login with a password
	Init     wire.Init

	ws      *websocket.Conn
	writing sync.Mutex
	reading sync.WaitGroup

	mu      sync.Mutex
	next    int
	waiting map[string]chan Frame
	events  []Frame
	changed chan struct{} // closed and replaced with each event
	journal []Frame       // of a recorded connection: every frame, in order
	records bool
	done    chan struct{} // closed when the connection has ended
	err     error
}

// Dial opens a connection. Base is the http URL of the published port; the
// socket is on /ws.
func Dial(ctx context.Context, base string, header http.Header) (*Conn, error) {
	return DialPath(ctx, base, "/ws", header)
}

// DialPath is Dial with another path.
func DialPath(ctx context.Context, base, path string, header http.Header) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	ws, response, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(base, "http")+path, header)
	if err != nil {
		if response != nil {
			return nil, fmt.Errorf("upgrade answered %d: %w", response.StatusCode, err)
		}
		return nil, fmt.Errorf("dial: %w", err)
	}
	c := &Conn{
		ws: ws, waiting: map[string]chan Frame{},
		changed: make(chan struct{}), done: make(chan struct{}),
	}
	c.reading.Go(c.read)
	return c, nil
}

// SignUp makes an account and enters.
func SignUp(ctx context.Context, base, username, password, code string) (*Conn, error) {
	fields := Fields{"username": username, "password": password}
	if code != "" {
		fields["invite_code"] = code
	}
	return enter(ctx, base, "signup", fields)
}

// Login enters with a password.
func Login(ctx context.Context, base, username, password string) (*Conn, error) {
	return enter(ctx, base, "login", Fields{"username": username, "password": password})
}

// Resume enters with a session token.
func Resume(ctx context.Context, base, token string) (*Conn, error) {
	return enter(ctx, base, "auth", Fields{"token": token})
}

func enter(ctx context.Context, base, kind string, fields Fields) (*Conn, error) {
	c, err := Dial(ctx, base, nil)
	if err != nil {
		return nil, err
	}
	if err := c.Enter(ctx, kind, fields); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Enter sends a login frame and waits for auth_success and init.
func (c *Conn) Enter(ctx context.Context, kind string, fields Fields) error {
	answer, err := c.Ask(ctx, kind, fields)
	if err != nil {
		return err
	}
	if answer.Type != "auth_success" {
		return fmt.Errorf("%s was answered with %s", kind, answer.Raw)
	}
	if token := answer.Field("token"); token != "" {
		c.Token = token
	} else if token, ok := fields["token"].(string); ok {
		c.Token = token
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	first, err := c.Next(ctx)
	if err != nil {
		return err
	}
	if first.Type != "init" {
		return fmt.Errorf("after auth_success came %s, not init", first.Raw)
	}
	if err := first.Into(&c.Init); err != nil {
		return err
	}
	c.Username = c.Init.Username
	return nil
}

// Close closes the connection as a page does that is left.
func (c *Conn) Close() {
	message := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = c.ws.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
	c.Break()
}

// Break ends the connection without a word.
func (c *Conn) Break() {
	_ = c.ws.Close()
	c.reading.Wait()
}

// Done is closed when the connection has ended; Err says how.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is why the connection ended.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// CloseCode is the code of the server's close frame; 0: there was none.
func (c *Conn) CloseCode() int {
	var closed *websocket.CloseError
	if errors.As(c.Err(), &closed) {
		return closed.Code
	}
	return 0
}

// Send writes a WebSocket message of any kind as it is.
func (c *Conn) Send(kind int, data []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.ws.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	return c.ws.WriteMessage(kind, data)
}

// SendTogether writes the same text message several times in one system call, so
// that the server reads them at once. Data has at most 125 bytes.
func (c *Conn) SendTogether(times int, data []byte) error {
	// RFC 6455, 5.2: a final text frame, masked with zeros.
	one := append([]byte{0x81, 0x80 | byte(len(data)), 0, 0, 0, 0}, data...)
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.ws.NetConn().Write(bytes.Repeat(one, times))
	return err
}

// Tell sends a frame without a request_id.
func (c *Conn) Tell(kind string, fields Fields) error {
	data, err := encode(kind, "", fields)
	if err != nil {
		return err
	}
	return c.Send(websocket.TextMessage, data)
}

// Ask sends a frame and waits for its answer. A refusal is a *Refused.
func (c *Conn) Ask(ctx context.Context, kind string, fields Fields) (Frame, error) {
	c.mu.Lock()
	c.next++
	id := "r" + strconv.Itoa(c.next)
	answer := make(chan Frame, 1)
	c.waiting[id] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
	}()
	data, err := encode(kind, id, fields)
	if err != nil {
		return Frame{}, err
	}
	if err := c.Send(websocket.TextMessage, data); err != nil {
		return Frame{}, fmt.Errorf("%w: %w", ErrLost, err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	select {
	case f := <-answer:
		return f, refusal(f)
	case <-c.done:
		select {
		case f := <-answer: // it came with the end
			return f, refusal(f)
		default:
			return Frame{}, fmt.Errorf("%w: %w", ErrLost, c.Err())
		}
	case <-ctx.Done():
		return Frame{}, fmt.Errorf("%w to %.200s: %w", ErrSilence, data, ctx.Err())
	}
}

func encode(kind, id string, fields Fields) ([]byte, error) {
	frame := map[string]any{"type": kind}
	for name, value := range fields {
		frame[name] = value
	}
	if id != "" {
		frame["request_id"] = id
	}
	return json.Marshal(frame)
}

func refusal(f Frame) error {
	if f.Type != "error" && f.Type != "auth_error" {
		return nil
	}
	refused := &Refused{Frame: f}
	if err := f.Into(refused); err != nil {
		return err
	}
	return refused
}

// Next takes the oldest frame that no request waited for.
func (c *Conn) Next(ctx context.Context) (Frame, error) {
	return c.Await(ctx, func(Frame) bool { return true })
}

// Await takes the oldest such frame that matches; the others stay.
func (c *Conn) Await(ctx context.Context, match func(Frame) bool) (Frame, error) {
	for {
		c.mu.Lock()
		for i, f := range c.events {
			if match(f) {
				c.events = append(c.events[:i:i], c.events[i+1:]...)
				c.mu.Unlock()
				return f, nil
			}
		}
		changed := c.changed
		over := c.err
		c.mu.Unlock()
		if over != nil {
			return Frame{}, fmt.Errorf("%w: %w", ErrLost, over)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Frame{}, ctx.Err()
		}
	}
}

// Waiting returns the frames that nobody has taken.
func (c *Conn) Waiting() []Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Frame(nil), c.events...)
}

// Take returns the frames that nobody has taken, and forgets them.
func (c *Conn) Take() []Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.events
	c.events = nil
	return taken
}

// Record makes the connection remember every frame from now on, answers too.
func (c *Conn) Record() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records = true
}

// Journal returns the frames that came since it was last asked, in order.
func (c *Conn) Journal() []Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.journal
	c.journal = nil
	return taken
}

// Recorded reports whether frames have come since Journal was last asked.
func (c *Conn) Recorded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.journal) > 0
}

func (c *Conn) read() {
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			c.mu.Lock()
			c.err = err
			close(c.changed)
			c.changed = make(chan struct{})
			close(c.done)
			c.mu.Unlock()
			return
		}
		f := Frame{Raw: data}
		if err := json.Unmarshal(data, &f); err != nil || f.Type == "" {
			f.Type = "!" // not of the protocol; no test waits for it
		}
		c.mu.Lock()
		if c.records {
			c.journal = append(c.journal, f)
		}
		if answer, ok := c.waiting[f.RequestID]; ok && f.RequestID != "" {
			delete(c.waiting, f.RequestID)
			answer <- f
		} else {
			c.events = append(c.events, f)
			close(c.changed)
			c.changed = make(chan struct{})
		}
		c.mu.Unlock()
	}
}
