package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// tlsVisitor comes over TLS, as a browser does.
type tlsVisitor struct {
	t       *testing.T
	address string
	secure  *tls.Config
	http    *http.Client
}

// visitOver makes a visitor who expects a certificate for name.
func visitOver(t *testing.T, address, name string, trusted *x509.CertPool) *tlsVisitor {
	secure := &tls.Config{RootCAs: trusted, ServerName: name}
	return &tlsVisitor{t: t, address: address, secure: secure, http: &http.Client{
		Transport:     &http.Transport{TLSClientConfig: secure.Clone(), ForceAttemptHTTP2: true, DisableKeepAlives: true},
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ask sends a request of the page; without an answer the text is the error's.
func (v *tlsVisitor) ask(method, path, body string, cookie *http.Cookie) (*http.Response, string) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), method, "https://"+v.address+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Origin", "https://"+v.address)
	if cookie != nil {
		request.AddCookie(cookie)
	}
	response, err := v.http.Do(request)
	if err != nil {
		return nil, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response, string(text)
}

// signUp makes an account and returns the page's cookie, which must be for TLS
// alone.
func (v *tlsVisitor) signUp(username string) *http.Cookie {
	v.t.Helper()
	response, text := v.ask("POST", "/api/v1/accounts", `{"username":"`+username+`","password":"`+password+`"}`, nil)
	if response == nil || response.StatusCode >= 300 || len(response.Cookies()) == 0 {
		v.t.Fatalf("signing up was answered with %v %s", response, text)
	}
	cookie := response.Cookies()[0]
	if !cookie.Secure || !cookie.HttpOnly {
		v.t.Errorf("the cookie is %s, want it for TLS alone", cookie)
	}
	return cookie
}

// enter opens the page's socket.
func (v *tlsVisitor) enter(cookie *http.Cookie) {
	v.t.Helper()
	dialer := websocket.Dialer{TLSClientConfig: v.secure, HandshakeTimeout: 10 * time.Second}
	header := http.Header{"Origin": {"https://" + v.address}, "Cookie": {cookie.Name + "=" + cookie.Value}}
	conn, _, err := dialer.DialContext(v.t.Context(), "wss://"+v.address+"/ws", header)
	if err != nil {
		v.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteJSON(map[string]string{"type": "auth"}); err != nil {
		v.t.Fatal(err)
	}
	var frame struct {
		Type string `json:"type"`
	}
	if _, content, err := conn.ReadMessage(); err != nil || json.Unmarshal(content, &frame) != nil || frame.Type != "auth_success" {
		v.t.Errorf("the page's socket is answered with %s, %v", content, err)
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
