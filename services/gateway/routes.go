package gateway

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/websocket"
	"github.com/klauspost/compress/gzip"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/host"
	"decentra.local/pkg/rpc"
	"decentra.local/web"
)

// routes is everything on the published port.
func (s *Service) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(guarded)
	r.Get("/healthz", host.Healthz)
	r.Get("/readyz", host.Readyz(s.host.ProcessReady))
	r.Get("/ws", s.serveSocket)

	r.Get("/api/v1/avatars/{hash}", s.serveAvatar)

	ours := http.NewCrossOriginProtection()
	ours.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuseRequest(w, r, http.StatusForbidden, fault.New(fault.PermissionDenied, "This request comes from another site."))
	}))
	r.Route("/api", func(r chi.Router) {
		r.Use(s.traced, ours.Handler, noStore, middleware.GetHead, compress)
		s.originalAPI(r)
		s.resourceAPI(r)
		r.NotFound(func(w http.ResponseWriter, r *http.Request) {
			refuseRequest(w, r, http.StatusNotFound, fault.New(fault.NotFound, "There is no such endpoint."))
		})
		r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
			refuseRequest(w, r, http.StatusMethodNotAllowed, fault.New(fault.Invalid, "This method is not allowed here."))
		})
	})

	page := middleware.Compress(5)(servePage(web.Files()))
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		// The first clients open their socket on the root path.
		if r.URL.Path == "/" && websocket.IsWebSocketUpgrade(r) {
			s.serveSocket(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
	return r
}

// refuseRequest refuses what no endpoint has taken, in the form of the API that
// was asked.
func refuseRequest(w http.ResponseWriter, r *http.Request, status int, why *fault.Error) {
	if strings.HasPrefix(r.URL.Path, "/api/v1/") {
		p := problemOf(why)
		p.Status, p.Title = status, http.StatusText(status)
		p.write(w)
		return
	}
	writeJSON(w, status, map[string]any{"success": false, "error": why.Message, "code": why.Code})
}

// traced gives a request an id, which goes along to every service that works on it
// and into their logs, and tells the client, who may report it. The log has the
// route and not the path: names are in that, and whatever somebody typed.
func (s *Service) traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()[:16]
		w.Header().Set("X-Request-Id", id)
		start := time.Now()
		next.ServeHTTP(w, r.WithContext(rpc.WithRequest(r.Context(), id)))
		s.log.Debug("http request", "request_id", id, "method", r.Method, "route", chi.RouteContext(r.Context()).RoutePattern(), "took", time.Since(start))
	})
}

// noStore keeps answers about people out of caches.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// compressionLevel is little work for an answer that is made for one client, and
// most of what more work would save.
const compressionLevel = 2

// compress makes answers smaller on their way.
func compress(next http.Handler) http.Handler {
	c := middleware.NewCompressor(compressionLevel)
	c.SetEncoder("gzip", func(w io.Writer, level int) io.Writer {
		z, _ := gzip.NewWriterLevel(w, level) // the level is one
		return z
	})
	return c.Handler(next)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone, if this fails
}
