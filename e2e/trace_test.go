package e2e

import (
	"fmt"
	"strings"
	"testing"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// TestARequestIsFoundInEveryLog: one id leads through the logs of all services
// that worked on a request.
func TestARequestIsFoundInEveryLog(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.Split, Flags: []string{"--log-level", "debug"}})
	anna := signUp(t, inst, "anna", "")
	server, _ := anna.createServer("Anna's place")
	rest := client.REST{Base: inst.URL, Token: anna.Token}
	answer := do(t, rest, "POST", "/api/v1/servers/"+server.ID+"/invites", client.Fields{}, 201)
	id := answer.Header.Get("X-Request-Id")
	if id == "" {
		t.Fatal("the answer has no X-Request-Id")
	}
	for _, service := range []string{"gateway", "chat", "auth"} { // chat asks auth for the code
		await.Until(t, await.Patience, "the request is in the log of "+service, func() error {
			if !strings.Contains(inst.Process(service).Log(10_000), "request_id="+id) {
				return fmt.Errorf("%s is not there", id)
			}
			return nil
		})
	}
}
