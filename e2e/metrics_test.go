package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/installation"
)

// TestMetrics: each process tells an operator what it does.
func TestMetrics(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "Anna", "")
		_, general := anna.createServer("Anna's place")
		for range 32 { // the time of one event in sixteen is measured
			anna.write(general, "hello", "")
		}
		wanted := map[string][]string{
			"auth":    {"decentra_auth_bcrypt_seconds_count", `decentra_request_seconds_count{code="ok",method="auth.rpc.sign_up"`},
			"chat":    {"decentra_store_commit_seconds_count", "decentra_store_commit_batch_count", `method="chat.rpc.send"`},
			"social":  {`method="social.rpc.snapshot"`},
			"gateway": {"decentra_gateway_frames_received_total", "decentra_gateway_deliveries_total", "decentra_gateway_writes_total", "decentra_gateway_latency_seconds_count"},
		}
		for service, names := range wanted {
			process := service
			if topology == installation.AllInOne {
				process = "decentra"
			}
			await.Until(t, await.Patience, service+" counts", func() error {
				text := metricsOf(t, inst, process)
				for _, name := range append(names, "decentra_build_info") {
					if !counted(text, name) {
						return errMissing(name)
					}
				}
				return nil
			})
		}
	})
}

type errMissing string

func (e errMissing) Error() string { return string(e) + " is not counted" }

// counted reports whether a line has the name and a value above 0.
func counted(text, name string) bool {
	for line := range strings.Lines(text) {
		if strings.Contains(line, name) && !strings.HasPrefix(line, "#") && !strings.HasSuffix(line, " 0\n") {
			return true
		}
	}
	return false
}

func metricsOf(t *testing.T, inst *installation.Installation, process string) string {
	t.Helper()
	address, err := inst.Status(process)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("/metrics of %s: %d, %v", process, response.StatusCode, err)
	}
	return string(body)
}
