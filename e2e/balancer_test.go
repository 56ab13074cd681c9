package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/installation"
)

// TestBehindABalancer that passes connections on as they are: whoever comes
// through it is known by their own address. So a stranger does not get the
// installation because the balancer is near, and no other can pretend.
func TestBehindABalancer(t *testing.T) {
	keys, trusted := certificateFor(t, "chat.example")
	for _, secured := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %t", secured), func(t *testing.T) {
			address := installation.FreeAddress(t)
			flags := []string{"--listen", address, "--data", t.TempDir(), "--bcrypt-cost", "4", "--balancers", "127.0.0.1"}
			if secured {
				flags = append(flags, "--tls-cert", keys+"/cert.pem", "--tls-key", keys+"/key.pem")
			}
			process := installation.NewProcess(t, "decentra", installation.Program("decentra"), nil, flags...)
			process.Start()
			await.Until(t, await.Patience, "it is ready", func() error {
				if !strings.Contains(process.Log(100), "Decentra is ready") {
					return fmt.Errorf("it says %s", process.Log(5))
				}
				return nil
			})
			signUp := func(name, line string) (status int, text string) {
				v := visitOver(t, address, "chat.example", trusted)
				transport := v.http.Transport.(*http.Transport)
				transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, address)
					if err == nil {
						_, err = io.WriteString(conn, line)
					}
					return conn, err
				}
				scheme := map[bool]string{false: "http://", true: "https://"}[secured]
				response, err := v.http.Post(scheme+address+"/api/v1/accounts", "application/json",
					strings.NewReader(`{"username":"`+name+`","password":"`+password+`"}`))
				if err != nil {
					return 0, err.Error()
				}
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				return response.StatusCode, string(body)
			}
			if status, text := signUp("mallory", ""); status != 0 {
				t.Errorf("without the balancer's line it is answered with %d %s", status, text)
			}
			if status, text := signUp("mallory", "PROXY TCP4 192.0.2.7 127.0.0.1 5000 8765\r\n"); status < 400 {
				t.Errorf("a stranger got the installation: %d %s", status, text)
			}
			if status, text := signUp("anna", "PROXY TCP4 192.168.1.7 127.0.0.1 5000 8765\r\n"); status != http.StatusCreated {
				t.Errorf("from the network of its own the first sign-up is answered with %d %s", status, text)
			}
		})
	}
}
