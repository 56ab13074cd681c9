package gateway

import (
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// contentPolicy lets the page load what is its own, and nothing else.
const contentPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' ws: wss:; " +
	"worker-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

// servePage serves the web client: its files, and for every other path, which
// the page reads itself, the page.
func servePage(files fs.FS) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=()")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "This method is not allowed here.", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		info, err := fs.Stat(files, name)
		_, alone := fs.Stat(files, name+"/index.html")
		switch {
		case alone == nil: // a page of its own
			h.Set("Cache-Control", "no-cache")
			server.ServeHTTP(w, r)
		case name == "index.html" || name == "" || err != nil || info.IsDir():
			if strings.HasPrefix(name, "assets/") {
				http.NotFound(w, r) // an asset of another build, not a place in the page
				return
			}
			h.Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, files, "index.html")
		case strings.HasPrefix(name, "assets/"):
			h.Set("Cache-Control", "public, max-age=31536000, immutable") // named by their content
			server.ServeHTTP(w, r)
		default:
			if path.Ext(name) == ".webmanifest" {
				h.Set("Content-Type", "application/manifest+json") // the tables of most systems lack it
			}
			h.Set("Cache-Control", "no-cache")
			server.ServeHTTP(w, r)
		}
	})
}
