package gateway

import (
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

func TestThePageIsServedForEveryPlaceInIt(t *testing.T) {
	page := servePage(fstest.MapFS{
		"index.html":          {Data: []byte("page")},
		"favicon.svg":         {Data: []byte("icon")},
		"sw.js":               {Data: []byte("worker")},
		"assets/app-1234.js":  {Data: []byte("script")},
		"api-docs/index.html": {Data: []byte("reference")},
	})
	const immutable = "public, max-age=31536000, immutable"
	for _, c := range []struct {
		name, method, path string
		status             int
		body, cache        string
	}{
		{"the root", "GET", "/", 200, "page", "no-cache"},
		{"a place in the page", "GET", "/channels/S/C", 200, "page", "no-cache"},
		{"the file by its name", "GET", "/index.html", 301, "", "no-cache"},
		{"upwards", "GET", "/../../etc/passwd", 400, "", ""},
		{"a folder", "GET", "/assets", 200, "page", "no-cache"},
		{"a file", "GET", "/favicon.svg", 200, "icon", "no-cache"},
		{"the worker", "GET", "/sw.js", 200, "worker", "no-cache"},
		{"a part of the build", "GET", "/assets/app-1234.js", 200, "script", immutable},
		{"a part of another build", "GET", "/assets/app-0000.js", 404, "", ""},
		{"a page of its own", "GET", "/api-docs/", 200, "reference", "no-cache"},
		{"another method", "POST", "/", 405, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			page.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
			if w.Code != c.status || c.body != "" && w.Body.String() != c.body {
				t.Fatalf("got %d %q", w.Code, w.Body)
			}
			if c.cache != "" && w.Header().Get("Cache-Control") != c.cache {
				t.Errorf("Cache-Control is %q", w.Header().Get("Cache-Control"))
			}
			if w.Header().Get("Content-Security-Policy") == "" {
				t.Error("there is no Content-Security-Policy")
			}
		})
	}
}

func TestTheManifestIsServedAsOne(t *testing.T) {
	page := servePage(fstest.MapFS{"index.html": {}, "manifest.webmanifest": {Data: []byte("{}")}})
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest("GET", "/manifest.webmanifest", nil))
	h := w.Header()
	if h.Get("Content-Type") != "application/manifest+json" || h.Get("Cache-Control") != "no-cache" {
		t.Errorf("the headers are %v", h)
	}
}
