package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestForwardedHeadersCountFromTrustedProxiesAlone(t *testing.T) {
	trusted, err := parseProxies("--proxies", "127.0.0.1, 10.0.0.0/8,fd00::/8")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, remote      string
		forwarded         []string
		proto, host       string
		address, wantHost string
		secure            bool
	}{
		{"nobody's proxy", "192.0.2.7:5", []string{"198.51.100.1"}, "https", "evil.example", "192.0.2.7", "chat.example", false},
		{"a proxy", "127.0.0.1:5", []string{"198.51.100.1"}, "https", "", "198.51.100.1", "chat.example", true},
		{"a proxy over IPv6", "[fd00::1]:5", []string{"2001:db8:1:2::9"}, "http", "", "2001:db8:1:2::", "chat.example", false},
		{"two proxies", "127.0.0.1:5", []string{"198.51.100.1, 10.1.2.3"}, "https", "talk.example", "198.51.100.1", "talk.example", true},
		{"what the client wrote itself", "127.0.0.1:5", []string{"203.0.113.9, 198.51.100.1"}, "", "", "198.51.100.1", "chat.example", false},
		{"in two headers", "127.0.0.1:5", []string{"203.0.113.9", "198.51.100.1"}, "", "", "198.51.100.1", "chat.example", false},
		{"proxies alone", "127.0.0.1:5", []string{"10.1.1.1"}, "", "", "10.1.1.1", "chat.example", false},
		{"nonsense", "127.0.0.1:5", []string{"198.51.100.1, unknown"}, "", "", "127.0.0.1", "chat.example", false},
		{"no header", "127.0.0.1:5", nil, "", "", "127.0.0.1", "chat.example", false},
		{"the last of two protocols", "127.0.0.1:5", []string{"198.51.100.1"}, "https, http", "", "198.51.100.1", "chat.example", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "http://chat.example/", nil)
			r.RemoteAddr = c.remote
			for _, value := range c.forwarded {
				r.Header.Add("X-Forwarded-For", value)
			}
			if c.proto != "" {
				r.Header.Set("X-Forwarded-Proto", c.proto)
			}
			if c.host != "" {
				r.Header.Set("X-Forwarded-Host", c.host)
			}
			trusted.unwrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if got := clientAddress(r); got != c.address && got != c.address+"/64" {
					t.Errorf("the address is %s, want %s", got, c.address)
				}
				if isSecure(r) != c.secure || r.Host != c.wantHost {
					t.Errorf("got secure %t, host %s; want %t, %s", isSecure(r), r.Host, c.secure, c.wantHost)
				}
			})).ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}

func TestProxiesAreAddressesAndNetworks(t *testing.T) {
	for _, list := range []string{"localhost", "10.0.0.0/33", "1.2.3.4;5.6.7.8"} {
		if _, err := parseProxies("--proxies", list); err == nil {
			t.Errorf("%q was taken", list)
		}
	}
}
