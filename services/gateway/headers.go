package gateway

import "net/http"

// hstsAge is how long a browser that came over TLS refuses to come without:
// half a year.
const hstsAge = "max-age=15552000"

// guarded sets what browsers are told with every answer. The page adds its own
// policy (page.go); what is no page may load nothing and be framed by nobody.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if isSecure(r) {
			h.Set("Strict-Transport-Security", hstsAge)
		}
		next.ServeHTTP(w, r)
	})
}
