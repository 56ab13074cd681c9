//go:build containers

package e2e

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

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

	visitor := visitOver(t, address, "chat.example", trusted)
	await.Until(t, await.Patience, "it serves through nginx", func() error {
		if response, text := visitor.ask("GET", "/readyz", "", nil); response == nil || response.StatusCode != 200 {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
	cookie := visitor.signUp("anna")
	gateway := installation.Docker(t, "network", "inspect", "--format", "{{range .IPAM.Config}}{{.Gateway}}{{end}}", name)
	if _, text := visitor.ask("GET", "/api/v1/sessions", "", cookie); !strings.Contains(text, `"`+gateway+`"`) {
		t.Errorf("the sessions are %s, want one from %s, where nginx got it from", text, gateway)
	}
	visitor.enter(cookie)
}
