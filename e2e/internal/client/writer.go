package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// editEvery and deleteEvery say which of a writer's messages are edited and
// deleted after they were acknowledged.
const (
	editEvery   = 5
	deleteEvery = 7
)

// Written is an acknowledged message as its writer knows it.
type Written struct {
	Nonce   string
	Content string
	Deleted bool
}

// Writer is a client that writes numbered messages, one after the other, edits
// some and deletes some. It goes on only when the last step is acknowledged: a
// message by `ok` or by its event, a change by `ok`. What is not acknowledged it
// sends again, a message with the same nonce, on a new connection if the old one
// has ended.
type Writer struct {
	Name  string
	Place Place

	base, token string
	pace        time.Duration
	stop        chan struct{}
	running     sync.WaitGroup
	conn        *Conn // the goroutine's own; nil: to be opened

	mu      sync.Mutex
	written []Written
	retries int
	err     error
}

// StartWriter starts a writer that pauses for pace after each message.
func StartWriter(ctx context.Context, name, base, token string, place Place, pace time.Duration) *Writer {
	w := &Writer{Name: name, Place: place, base: base, token: token, pace: pace, stop: make(chan struct{})}
	w.running.Go(func() { w.run(ctx) })
	return w
}

// Finish lets the writer get its last step acknowledged and ends it. An error is
// one that a good client can't get over.
func (w *Writer) Finish() error {
	close(w.stop)
	w.running.Wait()
	return w.Err()
}

// Err is what the writer could not get over, if it has given up.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Written are the acknowledged messages in the order of their acknowledgement,
// as their last acknowledged change left them.
func (w *Writer) Written() []Written {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.written)
}

// Count is how many messages are acknowledged.
func (w *Writer) Count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.written)
}

// Retries is how often something was sent again.
func (w *Writer) Retries() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.retries
}

func (w *Writer) run(ctx context.Context) {
	defer func() {
		if w.conn != nil {
			w.conn.Close()
		}
	}()
	for n := 1; ; n++ {
		select {
		case <-w.stop:
			return
		default:
		}
		if err := w.write(ctx, n); err != nil {
			w.mu.Lock()
			w.err = err
			w.mu.Unlock()
			return
		}
		pause(ctx, w.pace)
	}
}

// write takes one message through its whole life.
func (w *Writer) write(ctx context.Context, n int) error {
	nonce := w.Name + "-" + strconv.Itoa(n)
	content := "message " + nonce
	var id int64
	err := w.persist(ctx, nonce, func(conn *Conn) (err error) {
		id, err = w.send(ctx, conn, nonce, content)
		return err
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.written = append(w.written, Written{Nonce: nonce, Content: content})
	last := &w.written[len(w.written)-1]
	w.mu.Unlock()
	if n%editEvery == 0 {
		content += ", edited"
		err = w.persist(ctx, "edit of "+nonce, func(conn *Conn) error {
			_, err := conn.Ask(ctx, "edit_message", w.Place.Fields(Fields{"id": id, "content": content}))
			return err
		})
		if err != nil {
			return err
		}
	}
	deleted := n%deleteEvery == 0
	if deleted {
		asked := false
		err = w.persist(ctx, "deletion of "+nonce, func(conn *Conn) error {
			_, err := conn.Ask(ctx, "delete_message", w.Place.Fields(Fields{"id": id}))
			if Code(err) == "not_found" && asked {
				return nil // the first try did it, its answer was lost
			}
			asked = true
			return err
		})
	}
	w.mu.Lock()
	last.Content, last.Deleted = content, deleted
	w.mu.Unlock()
	return err
}

// persist takes a step until it is acknowledged.
func (w *Writer) persist(ctx context.Context, what string, step func(*Conn) error) error {
	for {
		var err error
		if w.conn == nil {
			w.conn, err = Resume(ctx, w.base, w.token)
		}
		if err == nil {
			err = step(w.conn)
		}
		code := Code(err)
		switch {
		case err == nil:
			w.conn.Take() // nobody reads the events of others
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s was not acknowledged: %w", what, errors.Join(ctx.Err(), err))
		case code != "" && code != "unavailable", errors.Is(err, ErrSilence):
			return fmt.Errorf("%s: %w", what, err)
		case code == "" && w.conn != nil:
			w.conn.Break()
			w.conn = nil
		}
		w.mu.Lock()
		w.retries++
		w.mu.Unlock()
		pause(ctx, 50*time.Millisecond)
	}
}

// send sends a message once and returns its id. One whose answer was lost is
// acknowledged all the same when its event has come.
func (w *Writer) send(ctx context.Context, conn *Conn, nonce, content string) (id int64, err error) {
	answer, err := conn.Ask(ctx, "message", w.Place.Fields(Fields{"content": content, "nonce": nonce}))
	if err != nil {
		for _, f := range conn.Take() {
			if f.Type == "message" && f.Field("nonce") == nonce && f.Field("username") == conn.Username {
				return strconv.ParseInt(f.Field("id"), 10, 64)
			}
		}
		return 0, err
	}
	if answer.Type != "ok" || answer.Field("nonce") != nonce {
		return 0, fmt.Errorf("message %s was answered with %.300s", nonce, answer.Raw)
	}
	return strconv.ParseInt(answer.Field("id"), 10, 64)
}
