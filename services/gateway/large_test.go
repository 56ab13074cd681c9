package gateway

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

func TestWhatIsSmallIsReadWholeAndTakesNoMoreRoom(t *testing.T) {
	for _, size := range []int{0, 1, 100, smallFrame, smallFrame + 1, 2 * smallFrame} {
		sent := strings.Repeat("x", size)
		for name, from := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "in halves": iotest.HalfReader, "with its end": iotest.DataErrReader,
		} {
			data, err := readSmall(from(strings.NewReader(sent)))
			if err != nil || string(data) != sent[:min(size, smallFrame+1)] {
				t.Errorf("%d bytes %s: got %d, %v", size, name, len(data), err)
			}
			if cap(data) > 2*size+8 {
				t.Errorf("%d bytes %s take %d", size, name, cap(data))
			}
		}
	}
	// TLS says so of a connection that ends without a goodbye.
	broken := io.MultiReader(strings.NewReader("{}"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if data, err := readSmall(broken); !errors.Is(err, io.ErrUnexpectedEOF) || data != nil {
		t.Errorf("of a message that is broken off: %q, %v", data, err)
	}
}

func TestLargeFramesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, never := newLargeFrames(), make(chan struct{})
		take := func(user string, over <-chan struct{}) (done func()) {
			t.Helper()
			done, ok := l.take(user, over)
			if !ok {
				t.Fatalf("%s got no turn", user)
			}
			return done
		}
		first := take("ann", never)
		second := make(chan func())
		go func() { second <- take("ann", never) }()
		gone := make(chan struct{})
		refused := make(chan bool)
		go func() {
			_, ok := l.take("ann", gone)
			refused <- !ok
		}()
		synctest.Wait()
		select {
		case <-second:
			t.Fatal("a user has two turns at once")
		default:
		}
		close(gone)
		if !<-refused {
			t.Fatal("a connection that has ended got a turn")
		}
		first()
		done := []func(){<-second}
		for i := 1; i < largeFramesAtOnce; i++ {
			done = append(done, take(fmt.Sprint("user", i), never))
		}
		last := make(chan func())
		go func() { last <- take("late", never) }()
		synctest.Wait()
		select {
		case <-last:
			t.Fatal("there are more turns than fit")
		default:
		}
		done[0]()
		done = append(done[1:], <-last)
		for _, d := range done {
			d()
		}
		if len(l.users) != 0 || len(l.turns) != 0 {
			t.Fatalf("%d users and %d turns are left", len(l.users), len(l.turns))
		}
	})
}

func TestLongFramesOfAUserTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, never := newLargeFrames(), make(chan struct{})
		take := func(user string) (done func()) {
			t.Helper()
			done, ok := l.takeLong(user, never)
			if !ok {
				t.Fatalf("%s got no turn", user)
			}
			return done
		}
		var done []func()
		for range longFramesAtOnce {
			done = append(done, take("ann"))
		}
		done = append(done, take("ben"))
		next := make(chan func())
		go func() { next <- take("ann") }()
		gone, refused := make(chan struct{}), make(chan bool)
		go func() {
			_, ok := l.takeLong("ann", gone)
			refused <- !ok
		}()
		synctest.Wait()
		select {
		case <-next:
			t.Fatal("a user has more turns than fit")
		default:
		}
		close(gone)
		if !<-refused {
			t.Fatal("a connection that has ended got a turn")
		}
		done[0]()
		done[0] = <-next
		for _, d := range done {
			d()
		}
		if len(l.long) != 0 {
			t.Fatalf("%d users are left", len(l.long))
		}
	})
}

func TestOnlyAPictureIsLarge(t *testing.T) {
	filling := strings.Repeat("x", largeFrame)
	for name, c := range map[string]struct {
		frame, requestID string
		may              bool
	}{
		"a picture":             {`{"type":"set_avatar","request_id":"r","avatar_data":"` + filling + `"}`, "r", true},
		"a picture, type last":  {`{"avatar_data":"` + filling + `","type":"set_avatar"}`, "", true},
		"a message":             {`{"request_id":"r","context":{"a":[1]},"type":"message","content":"` + filling + `"}`, "r", false},
		"a message, id last":    {`{"type":"message","content":"` + filling + `","request_id":"r"}`, "", false},
		"a frame of no type":    {`{"type":"nothing","request_id":"` + filling[:requestIDLength+1] + `","x":"` + filling, "", false},
		"a type that is a list": {`{"type":[],"x":"` + filling + `"}`, "", true}, // what is wrong with it is said later
		"no JSON":               {filling + "x", "", false},
		"a list":                {`["` + filling, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			e, may := mayBeLarge([]byte(c.frame[:largeFrame+1]))
			if may != c.may || e.RequestID != c.requestID {
				t.Errorf("got %q, %t; want %q, %t", e.RequestID, may, c.requestID, c.may)
			}
		})
	}
}
