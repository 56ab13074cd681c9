package gateway

import (
	"fmt"
	"testing"
)

func TestAnOccasionReachesAConnectionOnce(t *testing.T) {
	var o occasions
	a, b := &socket{}, &socket{}
	for _, c := range []struct {
		name, occasion string
		to             *socket
		want           bool
	}{
		{"first topic", "x", a, true},
		{"second topic", "x", a, false},
		{"another connection", "x", b, true},
		{"another occasion", "y", a, true},
		{"no occasion", "", a, true},
		{"no occasion again", "", a, true},
	} {
		if got := o.first(c.occasion, c.to); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
	for i := range 10 * occasionsKept {
		o.first(fmt.Sprint(i), a)
	}
	if len(o.had) > occasionsKept || len(o.order) > occasionsKept {
		t.Fatalf("%d occasions are remembered", len(o.had))
	}
}
