package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// A proxy that was named says who asks; what makes no sense counts as outside.
func TestFromOutsideThroughANamedProxy(t *testing.T) {
	named, err := parseProxies("--proxies", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for forwarded, want := range map[string]bool{
		"192.168.1.9": false, "203.0.113.7": true, "192.168.1.9, 203.0.113.7": true, "unknown": true, "": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "127.0.0.1:1"
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		named.unwrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := fromOutside(r); got != want {
				t.Errorf("forwarded for %q: outside %v, want %v", forwarded, got, want)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}

func TestFromOutside(t *testing.T) {
	for _, c := range []struct {
		name, remote, header string
		want                 bool
	}{
		{"loopback", "127.0.0.1:1", "", false},
		{"loopback, IPv6", "[::1]:1", "", false},
		{"mapped loopback", "[::ffff:127.0.0.1]:1", "", false},
		{"private", "192.168.1.20:1", "", false},
		{"a container's network", "172.17.0.1:1", "", false},
		{"private, IPv6", "[fd00::1]:1", "", false},
		{"link-local with a zone", "[fe80::1%eth0]:1", "", false},
		{"public", "203.0.113.7:1", "", true},
		{"public, IPv6", "[2001:db8::1]:1", "", true},
		{"a carrier's network", "100.64.0.1:1", "", true},
		{"a proxy on the machine", "127.0.0.1:1", "X-Forwarded-For", true},
		{"a proxy with the standard header", "127.0.0.1:1", "Forwarded", true},
		{"a proxy that only says so", "10.0.0.1:1", "Via", true},
		{"no address", "@", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
			if c.header != "" {
				r.Header.Set(c.header, "192.168.1.2")
			}
			if got := fromOutside(r); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
