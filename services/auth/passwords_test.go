package auth

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"decentra.local/pkg/fault"
)

func quick(t *testing.T) *passwords {
	t.Helper()
	p, err := newPasswords(bcrypt.MinCost, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPasswordsMatchWhole(t *testing.T) {
	p := quick(t)
	long := strings.Repeat("a", 71)
	hashed, err := p.hash(t.Context(), long+"b")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, hashed, password string
		want                   bool
	}{
		{"right", hashed, long + "b", true},
		{"last byte wrong", hashed, long + "c", false},
		{"right and one byte more", hashed, long + "bc", false},
		{"unknown account", "", long + "b", false},
		{"unknown account, the decoy's own password", "", "nobody has this password", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := p.matches(t.Context(), "ann", c.hashed, c.password, time.Now()); got != c.want || err != nil {
				t.Fatalf("got %v, %v", got, err)
			}
		})
	}
}

func TestAWrongPasswordKeepsItsPlaceForAsLongAgain(t *testing.T) {
	p, err := newPasswords(10, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.slots = make(chan struct{}, 1)
	hashed, err := p.hash(t.Context(), "right")
	if err != nil {
		t.Fatal(err)
	}
	try := func(password string) (kept bool) {
		if _, err := p.matches(t.Context(), "ann", hashed, password, time.Now()); err != nil {
			t.Fatal(err)
		}
		return len(p.slots) == 1
	}
	if try("right") {
		t.Error("a right one keeps its place")
	}
	kept := false
	for n := 0; !kept && n < wrongBurst-1; n++ { // this test may be as slow as that
		kept = try("wrong")
	}
	if !kept {
		t.Error("a wrong one does not keep its place")
	}
	if try("right") { // once the place is free
		t.Error("a right one keeps its place")
	}
}

func TestPasswordBounds(t *testing.T) {
	p := quick(t)
	for _, c := range []struct {
		name, password string
		code           fault.Code
	}{
		{"empty", "", fault.Invalid},
		{"72 bytes", strings.Repeat("ü", 36), ""},
		{"73 bytes", strings.Repeat("a", 73), fault.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := p.checkNew(c.password)
			if (err != nil) != (c.code != "") || err != nil && fault.Of(err).Code != c.code {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestAFullPoolGivesUpWithTheCaller(t *testing.T) {
	p := quick(t)
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.hash(ctx, "x"); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestTenWrongPasswordsThenOneInFiveSeconds(t *testing.T) {
	w := quick(t).wrong
	now := time.Now()
	for i := range wrongBurst {
		if wait := w.wait("ann", now); wait > 0 {
			t.Fatalf("try %d waits %s", i, wait)
		}
		w.note("ann", now)
	}
	if wait := w.wait("ann", now); wait < wrongInterval-time.Second || wait > wrongInterval {
		t.Fatalf("the eleventh waits %s", wait)
	}
	if wait := w.wait("bob", now); wait > 0 {
		t.Fatal("another name waits")
	}
	if wait := w.wait("ann", now.Add(wrongInterval)); wait > 0 {
		t.Fatal("never a lock-out")
	}
}

func TestManyWrongPasswordsAtOnceAreNoWayPastTheLimit(t *testing.T) {
	p := quick(t)
	var looked atomic.Int32
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := p.matches(t.Context(), "ann", "", "guess", time.Now()); err == nil {
				looked.Add(1)
			} else if !fault.Is(err, fault.RateLimited) {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
	if n := int(looked.Load()); n < wrongBurst || n > wrongBurst+cap(p.slots) {
		t.Fatalf("%d were looked at, want %d", n, wrongBurst)
	}
}

func TestTheNamesRememberedAreBounded(t *testing.T) {
	w := quick(t).wrong
	now := time.Now()
	for i := range 3 * wrongNames {
		w.note(fmt.Sprint(i), now)
	}
	if len(w.limiters) > wrongNames {
		t.Fatalf("%d names remembered", len(w.limiters))
	}
}

func TestCodesAreOfTheAlphabet(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code := newCode()
		if len(code) != codeLength || strings.Trim(code, codeAlphabet) != "" || seen[code] {
			t.Fatalf("got %q", code)
		}
		seen[code] = true
	}
}
