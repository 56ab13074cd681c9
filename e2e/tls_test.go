package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/installation"
)

// serveTLS starts the whole program with these flags.
func serveTLS(t *testing.T, address string, env []string, flags ...string) *installation.Process {
	t.Helper()
	flags = append([]string{"--listen", address, "--data", t.TempDir(), "--bcrypt-cost", "4"}, flags...)
	process := installation.NewProcess(t, "decentra", installation.Program("decentra"), env, flags...)
	process.Start()
	await.Until(t, await.Patience, "it is ready", func() error {
		if !strings.Contains(process.Log(100), "Decentra is ready on https://") {
			return fmt.Errorf("it says %s", process.Log(5))
		}
		return nil
	})
	return process
}

// TestTLSFromFiles shows all that one port carries then: the page over either
// version of HTTP, TURN within TLS and in the clear, and a way to TLS for who comes
// without.
func TestTLSFromFiles(t *testing.T) {
	keys, trusted := certificateFor(t, "chat.example")
	address := installation.FreeAddress(t)
	process := serveTLS(t, address, nil, "--tls-cert", filepath.Join(keys, "cert.pem"), "--tls-key", filepath.Join(keys, "key.pem"))
	if told := process.Log(100); !strings.Contains(told, "https://chat.example:") || !strings.Contains(told, "TLS: certificate from "+keys) {
		t.Errorf("at its start it says %s", told)
	}
	v := visitOver(t, address, "chat.example", trusted)
	response, text := v.ask("GET", "/", "", nil)
	if response == nil || response.StatusCode != 200 || response.ProtoMajor != 2 || response.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("the page is answered with %v %.100s", response, text)
	}
	v.enter(v.signUp("anna"))

	t.Run("http is led to https", func(t *testing.T) {
		client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: v.http.CheckRedirect}
		for _, path := range []string{"/", "/ws", "/api/v1/installation?x=1"} {
			response, err := client.Get("http://" + address + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if got, want := response.Header.Get("Location"), "https://"+address+path; response.StatusCode != http.StatusPermanentRedirect || got != want {
				t.Errorf("%s is answered with %d to %q, want 308 to %q", path, response.StatusCode, got, want)
			}
		}
		response, err := client.Get("http://" + address + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		if _ = response.Body.Close(); response.StatusCode != 200 {
			t.Errorf("/readyz is answered with %d, want 200: who watches needs no TLS", response.StatusCode)
		}
	})
	t.Run("clients that name no protocol", func(t *testing.T) {
		conn := v.dial()
		if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") || !strings.Contains(string(answer), "Strict-Transport-Security") {
			t.Errorf("the answer is %q, %v", answer, err)
		}
	})
	t.Run("TURN within TLS", func(t *testing.T) { relayAnswers(t, v.dial()) })
	for _, network := range []string{"tcp", "udp"} {
		t.Run("TURN over "+network, func(t *testing.T) {
			conn, err := net.Dial(network, address)
			if err != nil {
				t.Fatal(err)
			}
			relayAnswers(t, conn)
		})
	}
	t.Run("noise within TLS is closed", func(t *testing.T) {
		conn := v.dial()
		if _, err := conn.Write([]byte{0xff}); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(make([]byte, 1)); err == nil || isTimeout(err) {
			t.Errorf("%d bytes, %v; want it closed", n, err)
		}
	})
}

// dial speaks TLS and names no protocol within.
func (v *tlsVisitor) dial() net.Conn {
	v.t.Helper()
	conn, err := tls.Dial("tcp", v.address, v.secure)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(await.Patience)) // on a closed connection the reads fail too
	return conn
}

// relayAnswers sends a STUN binding request (RFC 8489, 5) until it is answered.
func relayAnswers(t *testing.T, conn net.Conn) {
	t.Helper()
	defer conn.Close()
	request := binary.BigEndian.AppendUint32([]byte{0, 1, 0, 0}, 0x2112A442)
	request = append(request, "twelve bytes"...)
	answer := make([]byte, 1500)
	await.Until(t, await.Patience, "the relay answers", func() error {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second)) // on a closed connection the read fails too
		n, err := conn.Read(answer)
		if err == nil && (n < 20 || answer[0] != 1 || answer[1] != 1 || !bytes.Equal(answer[4:20], request[4:20])) {
			err = fmt.Errorf("%x", answer[:n])
		}
		return err
	})
}

func isTimeout(err error) bool {
	timeout, is := err.(net.Error)
	return is && timeout.Timeout()
}

// TestASelfMadeCertificate is good for the names that were asked for, and kept.
func TestASelfMadeCertificate(t *testing.T) {
	address := installation.FreeAddress(t)
	process := serveTLS(t, address, nil, "--tls-self", "chat.lan,127.0.0.1")
	shown := func() *x509.Certificate {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is looked at
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0]
	}
	first := shown()
	trusted := x509.NewCertPool()
	trusted.AddCert(first)
	for _, name := range []string{"chat.lan", "127.0.0.1"} {
		v := visitOver(t, address, name, trusted)
		if response, text := v.ask("GET", "/readyz", "", nil); response == nil || response.StatusCode != 200 {
			t.Errorf("as %s it answers %s", name, text)
		}
	}
	doctor, err := exec.Command(installation.Program("decentra"), "doctor", "https://"+address).CombinedOutput()
	if err != nil {
		t.Errorf("the doctor ends with %v", err)
	}
	for _, says := range []string{"Decentra answers", "the certificate is self-made", "the relay answers over UDP and TCP"} {
		if !strings.Contains(string(doctor), says) {
			t.Errorf("the doctor does not say %q:\n%s", says, doctor)
		}
	}
	process.Stop()
	process.Start()
	await.Until(t, await.Patience, "it serves again", func() error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	if !shown().Equal(first) {
		t.Error("the next start made another certificate: everybody is asked again")
	}
}

// TestACertificateByACME: Let's Encrypt's test server gives one for a domain over
// the published port alone (tls-alpn-01), before anybody comes, and once.
func TestACertificateByACME(t *testing.T) {
	address := installation.FreeAddress(t)
	port := address[strings.LastIndex(address, ":")+1:]
	authority := serveACME(t, port)
	trust := filepath.Join(t.TempDir(), "trust.pem")
	if err := os.WriteFile(trust, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	process := serveTLS(t, address, []string{"SSL_CERT_FILE=" + trust},
		"--tls-acme", "chat.example,talk.example", "--tls-acme-directory", authority.server.URL+wfe.DirectoryPath)
	obtained := func(times int) func() error {
		return func() error {
			if n := strings.Count(process.Log(1000), "certificate is there"); n != times {
				return fmt.Errorf("%d certificates are there; the log ends with %s", n, process.Log(3))
			}
			return nil
		}
	}
	await.Until(t, await.Patience, "certificates for both domains", obtained(2))
	for _, name := range []string{"chat.example", "talk.example"} {
		v := visitOver(t, address, name, authority.trusted)
		if response, text := v.ask("GET", "/readyz", "", nil); response == nil || response.StatusCode != 200 {
			t.Errorf("as %s it answers %s", name, text)
		}
	}
	if _, text := visitOver(t, address, "other.example", authority.trusted).ask("GET", "/readyz", "", nil); !strings.Contains(text, "tls: ") {
		t.Errorf("for a domain that nobody named it answers %s", text)
	}
	process.Stop()
	authority.server.Close() // what was got is used again
	process.Start()
	await.Until(t, await.Patience, "both certificates again", obtained(4))
}

type acme struct {
	server  *httptest.Server
	trusted *x509.CertPool
}

// serveACME runs Let's Encrypt's test server (pebble), for which every domain is
// on this machine and TLS is spoken on that port.
func serveACME(t *testing.T, port string) acme {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	logger := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	var tlsPort int
	if _, err := fmt.Sscan(port, &tlsPort); err != nil {
		t.Fatal(err)
	}
	validation := va.New(logger, 1, tlsPort, true, serveNames(t), store)
	front := wfe.New(logger, store, validation, authority, []string{"pebble.letsencrypt.org"}, true, false, 0, 0)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(authority.GetRootCert(0).Cert)
	return acme{server: server, trusted: trusted}
}

// serveNames is a name server, over TCP as pebble asks it, that knows every name to be on this machine.
func serveNames(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		for _, asked := range question.Question {
			if asked.Qtype == dns.TypeA {
				answer.Answer = append(answer.Answer, &dns.A{
					Hdr: dns.RR_Header{Name: asked.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1),
				})
			}
		}
		_ = w.WriteMsg(answer) // who does not get it asks again
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	return listener.Addr().String()
}
