package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// The beginnings of frames that are told apart.
var (
	messageFrame = []byte(`{"type":"message",`)
	initFrame    = []byte(`{"type":"init"`)
	authSuccess  = []byte(`{"type":"auth_success"`)
	errorFrame   = []byte(`{"type":"error"`)
	resyncFrame  = []byte(`{"type":"resync"`)
	changesFrame = []byte(`{"type":"changes",`)
	okFrame      = []byte(`{"type":"ok",`)
)

// bufferSize is how much a connection reads at once.
const bufferSize = 8 << 10

// link is one connection of the generator. It reads with as little work as it can:
// the generator shares the processors with what it measures.
type link struct {
	conn   net.Conn
	reader *bufio.Reader

	crowd  *crowd
	sender int // its number, or -1

	got     atomic.Int64    // messages of all rounds
	round   *round          // of the last message; the reader's, like the rest
	ledger  ledger          // of that round
	took    []time.Duration // of that round, how long messages were on their way
	pending []byte          // frames to be sent once nothing more is there to be read
}

// enterTimeout bounds how long a login takes.
const enterTimeout = time.Minute

// noKeepAlive turns off TCP's probes of idle connections. Thousands of connections
// that were opened together are all probed in one moment, and loopback drops what is
// more than its queue takes, every time the same.
const noKeepAlive = -1

// connect opens a connection and waits until it hears its room. The relay takes any
// token.
func connect(ctx context.Context, base, room, token string) (*link, error) {
	l, err := dial(ctx, base, room, "")
	if err != nil {
		return nil, err
	}
	if err := l.enter(token); err != nil {
		_ = l.conn.Close()
		return nil, err
	}
	return l, nil
}

// dial opens a connection, from an address of loopback if one is given.
func dial(ctx context.Context, base, room, from string) (*link, error) {
	plain := net.Dialer{KeepAlive: noKeepAlive}
	if from != "" {
		plain.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	dialer := websocket.Dialer{HandshakeTimeout: enterTimeout, NetDialContext: plain.DialContext}
	ws, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(base, "http")+"/ws?"+room, nil)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	l := &link{conn: ws.NetConn(), sender: -1}
	l.reader = bufio.NewReaderSize(l.conn, bufferSize)
	return l, nil
}

// notEntered is the answer to a login that was refused.
type notEntered struct{ answer []byte }

func (e *notEntered) Error() string {
	return fmt.Sprintf("the login was answered with %.200s", e.answer)
}

func (l *link) enter(token string) error {
	_ = l.conn.SetDeadline(time.Now().Add(enterTimeout)) // on a closed connection what follows fails too
	if err := l.send([]byte(`{"type":"auth","token":"` + token + `"}`)); err != nil {
		return err
	}
	for {
		payload, err := l.next()
		switch {
		case err != nil:
			return err
		case bytes.HasPrefix(payload, initFrame):
			return l.conn.SetDeadline(time.Time{})
		case !bytes.HasPrefix(payload, authSuccess):
			return &notEntered{bytes.Clone(payload)}
		}
	}
}

func (l *link) send(payload []byte) error {
	_, err := l.conn.Write(appendFrame(nil, websocket.TextMessage, payload, true))
	return err
}

// next reads one frame; servers send each message as one. The payload is good until
// the next call. Pings are answered. Before it waits, what is pending is sent.
func (l *link) next() ([]byte, error) {
	for {
		if len(l.pending) > 0 && l.reader.Buffered() == 0 {
			if _, err := l.conn.Write(l.pending); err != nil {
				return nil, err
			}
			l.pending = l.pending[:0]
		}
		header, err := l.reader.Peek(2)
		if err != nil {
			return nil, err
		}
		opcode, n, size := int(header[0]&0x0f), int(header[1]), 2
		switch n {
		case 126:
			if header, err = l.reader.Peek(4); err != nil {
				return nil, err
			}
			n, size = int(binary.BigEndian.Uint16(header[2:])), 4
		case 127:
			if header, err = l.reader.Peek(10); err != nil {
				return nil, err
			}
			n, size = int(binary.BigEndian.Uint64(header[2:])), 10
		}
		if header[0]&0xf0 != 0x80 || header[1]&0x80 != 0 {
			return nil, fmt.Errorf("a frame begins with %x", header)
		}
		payload, err := l.payload(size, n)
		if err != nil {
			return nil, err
		}
		switch opcode {
		case websocket.TextMessage:
			return payload, nil
		case websocket.PingMessage:
			if _, err := l.conn.Write(appendFrame(nil, websocket.PongMessage, payload, true)); err != nil {
				return nil, err
			}
		case websocket.CloseMessage:
			return nil, fmt.Errorf("closed by the server: %q", payload)
		}
	}
}

// payload reads n bytes after a header, where they are if they fit there.
func (l *link) payload(header, n int) ([]byte, error) {
	if header+n <= l.reader.Size() {
		whole, err := l.reader.Peek(header + n)
		if err != nil {
			return nil, err
		}
		_, err = l.reader.Discard(len(whole)) // what was peeked stays until the next read
		return whole[header:], err
	}
	if _, err := l.reader.Discard(header); err != nil {
		return nil, err
	}
	payload := make([]byte, n)
	_, err := io.ReadFull(l.reader, payload)
	return payload, err
}

// read takes what comes until the connection is closed.
func (l *link) read() {
	for {
		payload, err := l.next()
		switch {
		case err != nil:
			l.crowd.fail(fmt.Errorf("a connection ended: %w", err))
			return
		case bytes.HasPrefix(payload, messageFrame):
			err = l.take(payload)
		case bytes.HasPrefix(payload, errorFrame):
			err = fmt.Errorf("refused: %.200s", payload)
		case bytes.HasPrefix(payload, resyncFrame):
			err = errors.New("the server may have lost messages: it tells its clients to resync")
		}
		if err != nil {
			l.crowd.fail(err)
		}
	}
}

// take checks a message. If it is the sender's own, the next one may be sent.
func (l *link) take(frame []byte) error {
	m, ok := parseMark(frame)
	r := l.crowd.round.Load()
	if !ok || r == nil || m.round != r.id {
		return fmt.Errorf("not a message of this room and round: %.300s", frame)
	}
	if r != l.round {
		l.round, l.ledger, l.took = r, make(ledger, len(r.sent)), nil
	}
	err := l.ledger.note(m)
	own := m.sender == int64(l.sender)
	if own || r.timed {
		l.took = append(l.took, time.Since(epoch)-time.Duration(m.sent)*time.Microsecond)
	}
	if own && r.window > 0 {
		if n := r.next(l.sender); n > 0 {
			l.pending = l.crowd.append(l.pending, r, l.sender, n, time.Now())
		}
	}
	l.got.Add(1)
	return err
}
