package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"decentra.local/pkg/host"
)

// patience bounds one question over the network.
const patience = 5 * time.Second

func kilobytes(n int64) string { return fmt.Sprintf("%d kB", n>>10) }

// checkPort looks at the published port: what answers there, or whether it is
// free.
func checkPort(ctx context.Context, r *report, settings host.Settings) {
	name, port, err := net.SplitHostPort(settings.Listen)
	if err != nil {
		r.add(finding{problem, "port", "--listen is " + settings.Listen + ": " + err.Error(), "write it like :8765 or 192.168.1.5:8765"})
		return
	}
	if ip := net.ParseIP(name); name == "" || ip != nil && ip.IsUnspecified() {
		name = "127.0.0.1"
	}
	address := net.JoinHostPort(name, port)
	for _, scheme := range []string{"https", "http"} {
		if checkHealth(ctx, scheme+"://"+address) == nil {
			r.ok("port", "Decentra answers on %s://%s", scheme, address)
			if scheme == "http" {
				r.add(finding{warning, "tls", "it is plain http", "browsers give no microphone to it from other machines: see --tls-self, --tls-acme and --tls-cert, or a proxy (docs/operations.md)"})
			} else {
				checkCertificate(ctx, r, address, "")
			}
			checkVoice(ctx, r, address)
			return
		}
	}
	listener, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		r.add(finding{problem, "port", err.Error(), "another program has the port: stop it, or choose another with --listen"})
		return
	}
	_ = listener.Close()
	packets, err := net.ListenPacket("udp", settings.Listen)
	if err != nil {
		r.add(finding{warning, "port", err.Error(), "another program has it for UDP: voice that is relayed would go over TCP"})
		return
	}
	_ = packets.Close()
	r.add(finding{warning, "port", settings.Listen + " is free, for TCP and UDP: Decentra does not run here", "start it, and ask the doctor again"})
}

// checkFromOutside does what a browser does first.
func checkFromOutside(ctx context.Context, r *report, address string) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		r.add(finding{problem, "address", address + " is none", "write it as in the browser: https://chat.example"})
		return
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	host := net.JoinHostPort(u.Hostname(), port)
	if _, err := net.DefaultResolver.LookupHost(ctx, u.Hostname()); err != nil {
		r.add(finding{problem, "name", err.Error(), "make a DNS record that leads to the server"})
		return
	}
	if err := checkHealth(ctx, u.Scheme+"://"+host); err != nil {
		r.add(finding{problem, "port", err.Error(), "open TCP port " + port + " in the firewall, and forward it in the router to the server"})
		return
	}
	r.ok("port", "Decentra answers on %s", address)
	if u.Scheme == "https" {
		checkCertificate(ctx, r, host, u.Hostname())
	} else if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		r.add(finding{warning, "tls", "it is plain http", "browsers give no microphone to it: see --tls-self, --tls-acme and --tls-cert, or a proxy (docs/operations.md)"})
	}
	checkVoice(ctx, r, host)
}

// checkHealth asks /healthz. Whether the certificate is good is another question.
func checkHealth(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // nothing is sent
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1024))
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), `"ok"`) {
		return fmt.Errorf("%s/healthz is answered with %s, and not by Decentra", base, response.Status)
	}
	return nil
}

// checkCertificate looks at what is shown over TLS; name is what it must be for.
func checkCertificate(ctx context.Context, r *report, address, name string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: name}} //nolint:gosec // it is looked at below
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		r.add(finding{problem, "tls", err.Error(), "see the log for what the certificate lacks"})
		return
	}
	defer conn.Close()
	chain := conn.(*tls.Conn).ConnectionState().PeerCertificates
	leaf := chain[0]
	left := time.Until(leaf.NotAfter)
	switch {
	case left < 0:
		r.add(finding{problem, "tls", "the certificate ended on " + leaf.NotAfter.Format(time.DateOnly), "renew it"})
	case left < 14*24*time.Hour:
		r.add(finding{warning, "tls", "the certificate ends on " + leaf.NotAfter.Format(time.DateOnly), "see to it that it is renewed"})
	case name != "" && leaf.VerifyHostname(name) != nil:
		r.add(finding{problem, "tls", leaf.VerifyHostname(name).Error(), "get a certificate for this name"})
	case leaf.Issuer.String() == leaf.Subject.String():
		r.add(finding{warning, "tls", "the certificate is self-made, until " + leaf.NotAfter.Format(time.DateOnly), "browsers ask once whether to trust it; with a domain, --tls-acme gets one that they know"})
	default:
		r.ok("tls", "the certificate of %s is good until %s", leaf.Issuer.CommonName, leaf.NotAfter.Format(time.DateOnly))
	}
}

// checkVoice asks the relay for a sign of life (STUN, RFC 8489) over UDP and TCP.
func checkVoice(ctx context.Context, r *report, address string) {
	_, port, _ := net.SplitHostPort(address)
	udp := binding(ctx, "udp", address)
	tcp := binding(ctx, "tcp", address)
	switch {
	case udp == nil && tcp == nil:
		r.ok("voice", "the relay answers over UDP and TCP")
	case tcp == nil:
		r.add(finding{warning, "voice", "the relay answers over TCP, not over UDP (" + udp.Error() + ")", "open UDP port " + port + " in the firewall, and forward it in the router: voice over TCP stutters"})
	case udp == nil:
		r.add(finding{warning, "voice", "the relay answers over UDP, not over TCP (" + tcp.Error() + ")", "who is behind a strict firewall has no voice; behind a proxy, leave the gateway's own port open"})
	default:
		r.add(finding{problem, "voice", "the relay answers neither over UDP nor over TCP (" + udp.Error() + ")", "leave the gateway's own port open for it, UDP and TCP, beside a proxy too"})
	}
}

// binding sends a STUN binding request until it is answered.
func binding(ctx context.Context, network, address string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	const cookie = 0x2112A442
	request := make([]byte, 20)
	binary.BigEndian.PutUint16(request, 0x0001)
	binary.BigEndian.PutUint32(request[4:], cookie)
	if _, err := rand.Read(request[8:]); err != nil {
		return err
	}
	answer := make([]byte, 1500)
	deadline, _ := ctx.Deadline()
	for {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		wait := deadline
		if network == "udp" { // it may have been lost on the way
			wait = time.Now().Add(time.Second)
		}
		if err := conn.SetReadDeadline(wait); err != nil {
			return err
		}
		n, err := conn.Read(answer)
		if err == nil && n >= 20 && binary.BigEndian.Uint16(answer) == 0x0101 && bytes.Equal(answer[4:20], request[4:20]) {
			return nil
		}
		if network == "udp" && time.Until(deadline) > 0 {
			continue
		}
		if err != nil {
			return errors.New("no answer")
		}
		return errors.New("something else answers")
	}
}
