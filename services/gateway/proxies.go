package gateway

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the addresses whose word about the client is believed.
type proxies []netip.Prefix

// parseProxies reads the value of a flag: addresses and networks, separated by
// commas.
func parseProxies(flag, list string) (proxies, error) {
	var p proxies
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %q is no address and no network", flag, text)
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		p = append(p, prefix.Masked())
	}
	return p, nil
}

func (p proxies) trust(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}

// secureKey marks the requests that reached a trusted proxy over TLS.
type secureKey struct{}

// proxiedKey marks the requests of a trusted proxy: with true if one can
// tell whose they are.
type proxiedKey struct{}

// isSecure reports whether the client's way here is encrypted.
func isSecure(r *http.Request) bool {
	return r.TLS != nil || r.Context().Value(secureKey{}) != nil
}

// unwrap makes requests that come from a trusted proxy look as they did when
// they reached the first of those: the address, the host and whether it was TLS.
// Anybody else's headers of that kind mean nothing.
func (p proxies) unwrap(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !p.trust(from.Addr()) {
			next.ServeHTTP(w, r)
			return
		}
		client := p.client(r.Header.Values("X-Forwarded-For"))
		if client.IsValid() {
			r.RemoteAddr = net.JoinHostPort(client.String(), "0")
		}
		known := client.IsValid() || r.Header.Get("X-Forwarded-For") == "" // nobody's but its own
		r = r.WithContext(context.WithValue(r.Context(), proxiedKey{}, known))
		if host := last(r.Header.Values("X-Forwarded-Host")); host != "" {
			r.Host = host
		}
		if strings.EqualFold(last(r.Header.Values("X-Forwarded-Proto")), "https") {
			r = r.WithContext(context.WithValue(r.Context(), secureKey{}, true))
		}
		next.ServeHTTP(w, r)
	})
}

// client is the last address in the chain that is no trusted proxy's: what
// stands before it the client may have written itself.
func (p proxies) client(chain []string) (client netip.Addr) {
	hops := strings.Split(strings.Join(chain, ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return client
		}
		client = address
		if !p.trust(address) {
			return client
		}
	}
	return client
}

// last is the last word of a header: what the nearest proxy wrote.
func last(values []string) string {
	words := strings.Split(strings.Join(values, ","), ",")
	return strings.TrimSpace(words[len(words)-1])
}
