package host

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// addressFile has the status address of the process that runs these services
// on the data directory, for `health`.
func addressFile(settings Settings, services []string) string {
	return filepath.Join(settings.Data, "status-address."+strings.Join(services, "+"))
}

type statusServer struct {
	server *http.Server
	url    string
	file   string
}

func serveStatus(settings Settings, state *readiness, registry *prometheus.Registry) (*statusServer, error) {
	listener, err := net.Listen("tcp", settings.Status)
	if err != nil {
		return nil, fmt.Errorf("listen on the status address: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", Healthz)
	mux.HandleFunc("GET /readyz", Readyz(state.check))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if settings.Profile {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	s := &statusServer{
		server: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second},
		url:    "http://" + listener.Addr().String(),
		file:   addressFile(settings, state.names),
	}
	if err := os.WriteFile(s.file, []byte(listener.Addr().String()), 0o600); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("write the status address: %w", err)
	}
	go func() { _ = s.server.Serve(listener) }() // ends with close
	return s, nil
}

func (s *statusServer) close() {
	_ = s.server.Close()
	_ = os.Remove(s.file)
}

// Healthz answers that the process lives.
func Healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"ok"}`+"\n")
}

// Readyz answers 200 when check says that everything is ready, and 503 with the
// names of what is missing.
func Readyz(check func() (bool, []string)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		ok, missing := check()
		answer := map[string]any{"status": "ready"}
		w.Header().Set("Content-Type", "application/json")
		if !ok {
			answer = map[string]any{"status": "not ready", "missing": missing}
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// health asks the status address of the process that runs these services (none
// named: all) with these settings.
func health(ctx context.Context, c Call) error {
	units, err := Program{Name: c.Program, Units: c.Units}.choose(c.Arguments)
	if err != nil {
		return err
	}
	address := c.Settings.Status
	if strings.HasSuffix(address, ":0") {
		var services []string
		for _, u := range units {
			services = append(services, u.Name)
		}
		content, err := os.ReadFile(addressFile(c.Settings, services))
		if err != nil {
			fmt.Fprintf(c.Out, "%s: not running on %s\n", strings.Join(services, ", "), c.Settings.Data)
			return ErrFailed
		}
		address = string(content)
	}
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("status address %s: %w", address, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Fprintln(c.Out, err)
		return ErrFailed
	}
	defer response.Body.Close()
	if _, err := io.Copy(c.Out, response.Body); err != nil || response.StatusCode != http.StatusOK {
		return ErrFailed
	}
	return nil
}
