package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"decentra.local/pkg/host"
	"decentra.local/services/gateway/internal/certificate"
)

// front is what speaks HTTP on the published port: the web server itself, over
// TLS where there is a certificate, and then one beside it that leads those who
// come without.
type front struct {
	servers []*http.Server
	url     string // as a person on the same machine types it
	note    string // what whoever started it should know
}

// openFront starts to serve on the port, before that takes connections; what ends
// before close is sent to failed.
func (s *Service) openFront(p *port, secure *certificate.Certificate, failed chan<- error) *front {
	address := p.split.listener.Addr()
	f := &front{}
	start := func(handler http.Handler, serve func(*http.Server) error) {
		server := &http.Server{
			Handler:           s.proxies.unwrap(handler),
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		}
		f.servers = append(f.servers, server)
		go func() { failed <- serve(server) }()
	}
	routes := s.routes()
	if secure == nil {
		f.url = visitURL("http", "", address)
		if !isLoopback(address) && len(s.proxies) == 0 {
			f.note = "Browsers on other machines give no microphone to plain http: for voice use --tls-self, --tls-acme or --tls-cert, " +
				"or a proxy with TLS (docs/operations.md)."
		}
		start(routes, func(server *http.Server) error { return server.Serve(p.split.http) })
		return f
	}
	p.split.secure = secure.Config
	f.url, f.note = visitURL("https", secure.Host, address), "TLS: "+secure.Note+"."
	start(routes, func(server *http.Server) error {
		server.TLSConfig, server.ConnContext = secure.Config, markUnlocked
		return server.Serve(p.split.https)
	})
	start(s.toTLS(routes), func(server *http.Server) error { return server.Serve(p.split.http) })
	return f
}

// close answers what was asked, takes nothing more and returns.
func (f *front) close(ctx context.Context) error {
	var failures []error
	for _, server := range f.servers {
		if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// toTLS sends requests that came in the clear to the same address over TLS, but
// for those that came to a trusted proxy over it, and for health.
func (s *Service) toTLS(routes http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Get("/healthz", host.Healthz)
	r.Get("/readyz", host.Readyz(s.host.ProcessReady))
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		if isSecure(r) {
			routes.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
	return r
}

// visitURL is the address as a person types it: the host that the certificate is
// for, or the machine's own.
func visitURL(scheme, name string, address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return scheme + "://" + address.String()
	}
	switch {
	case name != "":
	case tcp.IP.IsUnspecified() || tcp.IP.IsLoopback():
		name = "localhost"
	default:
		name = tcp.IP.String()
	}
	if usual := map[string]int{"http": 80, "https": 443}; tcp.Port == usual[scheme] && !strings.Contains(name, ":") {
		return scheme + "://" + name
	}
	return scheme + "://" + net.JoinHostPort(name, strconv.Itoa(tcp.Port))
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
