package gateway

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/websocket"

	"decentra.local/pkg/host"
	"decentra.local/web"
)

// routes is everything on the published port.
func (s *Service) routes() http.Handler {
	r := chi.NewRouter()
	r.Get("/healthz", host.Healthz)
	r.Get("/readyz", host.Readyz(s.host.ProcessReady))
	r.Get("/ws", s.serveSocket)

	ours := http.NewCrossOriginProtection()
	ours.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusForbidden, map[string]any{"success": false, "error": "This request comes from another site."})
	}))
	r.Route("/api", func(r chi.Router) {
		r.Use(ours.Handler, noStore, middleware.Compress(5))
		s.originalAPI(r)
		s.resourceAPI(r)
		r.NotFound(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/v1/") {
				writeProblem(w, errNoRoute)
				return
			}
			writeFailure(w, errNoRoute)
		})
		r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusMethodNotAllowed, map[string]any{"success": false, "error": "This method is not allowed here."})
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

// noStore keeps answers about people out of caches.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone, if this fails
}
