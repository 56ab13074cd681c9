package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"slices"

	"decentra.local/pkg/contract"
)

// originOf is where a session is asked for from.
func originOf(r *http.Request) contract.Origin {
	return contract.Origin{Address: clientAddress(r), UserAgent: r.UserAgent(), Public: fromOutside(r)}
}

// forwarding are the headers that proxies add: RFC 7239's, and those before it.
var forwarding = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"}

// fromOutside tells whether a request comes from neither the machine itself nor a
// private network. Behind a proxy that nobody named, or whose word about who
// asks makes no sense, everybody is outside: it may stand for the whole internet.
func fromOutside(r *http.Request) bool {
	if known, proxied := r.Context().Value(proxiedKey{}).(bool); proxied {
		if !known {
			return true
		}
	} else if slices.ContainsFunc(forwarding, func(header string) bool { return r.Header.Get(header) != "" }) {
		return true
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return true
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return true
	}
	address = address.Unmap()
	return !address.IsLoopback() && !address.IsPrivate() && !address.IsLinkLocalUnicast()
}
