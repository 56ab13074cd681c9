//go:build containers

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/installation"
)

// TestBehindNginx puts nginx with TLS in front, with the configuration that
// operators are given.
func TestBehindNginx(t *testing.T) {
	const name = "decentra-e2e-proxied"
	address := installation.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	keys, trusted := certificateFor(t, "chat.example")
	configuration, err := filepath.Abs("../deploy/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	installation.Docker(t, "network", "create", name)
	t.Cleanup(func() { installation.Docker(t, "network", "rm", name) })
	subnet := installation.Docker(t, "network", "inspect", "--format", "{{range .IPAM.Config}}{{.Subnet}}{{end}}", name)
	installation.Docker(t, "run", "--detach", "--name", name, "--network", name, "--network-alias", "decentra",
		"--tmpfs", "/data:uid=10000,mode=700", "decentra-server", "--proxies", subnet, "--bcrypt-cost", "4")
	t.Cleanup(func() { installation.Docker(t, "rm", "--force", "--volumes", name) })
	installation.Docker(t, "run", "--detach", "--name", name+"-nginx", "--network", name, "--publish", port+":8443",
		"--volume", configuration+":/etc/nginx/nginx.conf:ro", "--volume", keys+":/etc/nginx/tls:ro", "nginx:1.28-alpine")
	t.Cleanup(func() { installation.Docker(t, "rm", "--force", "--volumes", name+"-nginx") })

	secure := &tls.Config{RootCAs: trusted, ServerName: "chat.example"}
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: secure}, Timeout: 10 * time.Second}
	ask := func(method, path, body string, cookie *http.Cookie) (*http.Response, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, "https://"+address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", "https://"+address)
		if cookie != nil {
			request.AddCookie(cookie)
		}
		response, err := browser.Do(request)
		if err != nil {
			return nil, err.Error()
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(text)
	}
	await.Until(t, await.Patience, "it serves through nginx", func() error {
		if response, text := ask("GET", "/readyz", "", nil); response == nil || response.StatusCode != 200 {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
	response, text := ask("POST", "/api/v1/accounts", `{"username":"anna","password":"`+password+`"}`, nil)
	if response == nil || response.StatusCode >= 300 || len(response.Cookies()) == 0 {
		t.Fatalf("signing up was answered with %v %s", response, text)
	}
	cookie := response.Cookies()[0]
	if !cookie.Secure || !cookie.HttpOnly {
		t.Errorf("the cookie is %s, want it for TLS alone", cookie)
	}
	gateway := installation.Docker(t, "network", "inspect", "--format", "{{range .IPAM.Config}}{{.Gateway}}{{end}}", name)
	if _, text = ask("GET", "/api/v1/sessions", "", cookie); !strings.Contains(text, `"`+gateway+`"`) {
		t.Errorf("the sessions are %s, want one from %s, where nginx got it from", text, gateway)
	}

	dialer := websocket.Dialer{TLSClientConfig: secure, HandshakeTimeout: 10 * time.Second}
	header := http.Header{"Origin": {"https://" + address}, "Cookie": {cookie.Name + "=" + cookie.Value}}
	conn, _, err := dialer.DialContext(t.Context(), "wss://"+address+"/ws", header)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteJSON(map[string]string{"type": "auth"}); err != nil {
		t.Fatal(err)
	}
	var frame struct {
		Type string `json:"type"`
	}
	if _, content, err := conn.ReadMessage(); err != nil || json.Unmarshal(content, &frame) != nil || frame.Type != "auth_success" {
		t.Errorf("the page's socket is answered with %s, %v", content, err)
	}
}

// certificateFor makes a directory with cert.pem and key.pem, and whom to trust.
func certificateFor(t *testing.T, name string) (dir string, trusted *x509.CertPool) {
	t.Helper()
	dir = t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	trusted = x509.NewCertPool()
	for file, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o644); err != nil { //nolint:gosec // nginx reads it as another user
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trusted.AddCert(leaf)
	return dir, trusted
}
