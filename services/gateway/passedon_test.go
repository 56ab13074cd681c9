package gateway

import (
	"io"
	"net"
	"strings"
	"testing"
)

func TestClientsOfABalancerAreKnownByTheirOwnAddress(t *testing.T) {
	for _, c := range []struct{ name, said, client, rest string }{
		{"an old address", "PROXY TCP4 192.0.2.7 10.0.0.1 56324 8765\r\nGET", "192.0.2.7:56324", "GET"},
		{"a new address", "PROXY TCP6 2001:db8::7 2001:db8::1 5 8765\r\n\x00", "[2001:db8::7]:5", "\x00"},
		{"the balancer itself", "PROXY UNKNOWN\r\nGET", "10.0.0.1:1", "GET"},
		{"a client that came by itself", "GET / HTTP/1.1\r\n", "", ""},
		{"half a line", "PROXY TCP4 192.0.2.7", "", ""},
		{"no port", "PROXY TCP4 192.0.2.7 10.0.0.1 x 8765\r\n", "", ""},
		{"no end", "PROXY " + strings.Repeat("x", 200), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := strings.NewReader(c.said)
			got, err := readPassedOn(from, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1})
			if c.client == "" {
				if err == nil {
					t.Errorf("it is taken for %s", got)
				}
				return
			}
			rest, _ := io.ReadAll(from)
			if err != nil || got.String() != c.client || string(rest) != c.rest {
				t.Errorf("got %v with %q left, %v; want %s with %q left", got, rest, err, c.client, c.rest)
			}
		})
	}
}
