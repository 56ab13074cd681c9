package e2e

import (
	"net/http"
	"strings"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// TestWhatBrowsersAreTold holds every kind of answer to the headers that keep
// other sites, frames and plain connections out.
func TestWhatBrowsersAreTold(t *testing.T) {
	inst := installation.Start(t, installation.Options{
		Topology: installation.AllInOne, Flags: []string{"--limits", "off", "--proxies", "127.0.0.1"},
	})
	anna := signUp(t, inst, "anna", "")
	anna.ask("set_avatar", client.Fields{"avatar_type": "image", "avatar_data": dataURL(onePixel)}, "ok")
	picture := *anna.fresh().Init.Data
	for _, path := range []string{"/", "/channels/x/y", "/assets/none.js", "/favicon.svg", "/api-docs/", "/healthz",
		"/api/v1/installation", "/api/v1/openapi.json", "/api/v1/nothing", "/api/servers", picture} {
		t.Run(path, func(t *testing.T) {
			for _, scheme := range []string{"http", "https"} {
				rest := client.REST{Base: inst.URL, Header: http.Header{"X-Forwarded-Proto": {scheme}}}
				answer, err := rest.Get(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				h := answer.Header
				for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
					if h.Get(name) != want {
						t.Errorf("%s is %q, want %q", name, h.Get(name), want)
					}
				}
				if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe-eval") {
					t.Errorf("the policy is %q", csp)
				}
				if hsts := h.Get("Strict-Transport-Security"); (hsts != "") != (scheme == "https") {
					t.Errorf("over %s, Strict-Transport-Security is %q", scheme, hsts)
				}
			}
		})
	}

	// Another site's page can change nothing, whatever cookie the browser sends.
	for name, header := range map[string]http.Header{
		"its origin":     {"Origin": {"http://evil.example"}},
		"no origin":      {"Origin": {"null"}},
		"another port":   {"Origin": {"http://127.0.0.1:1"}},
		"its fetch site": {"Sec-Fetch-Site": {"cross-site"}},
		"a subdomain":    {"Sec-Fetch-Site": {"same-site"}},
	} {
		t.Run(name, func(t *testing.T) {
			header.Set("Cookie", "decentra_session="+anna.Token)
			evil := client.REST{Base: inst.URL, Header: header}
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
				for _, path := range []string{"/api/v1/session", "/api/v1/servers", "/api/auth", "/api/v1/password"} {
					answer, err := evil.Do(t.Context(), method, path, client.Fields{"name": "x"})
					if err != nil || answer.Status != http.StatusForbidden {
						t.Errorf("%s %s: %d %s, %v", method, path, answer.Status, answer.Body, err)
					}
				}
			}
		})
	}
	login := do(t, client.REST{Base: inst.URL, Header: http.Header{"X-Forwarded-Proto": {"https"}}}, http.MethodPost, "/api/v1/session",
		client.Fields{"username": "anna", "password": password}, http.StatusCreated)
	cookie := login.Header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %s", cookie, part)
		}
	}
}
