package e2e

import (
	"os"
	"testing"

	"decentra.local/e2e/internal/installation"
)

func TestMain(m *testing.M) {
	if description := os.Getenv(attackVariable); description != "" {
		os.Exit(serveAttack(description))
	}
	os.Exit(installation.Main(m))
}

// both runs a test against both topologies, or the one that was chosen.
func both(t *testing.T, test func(t *testing.T, topology installation.Topology)) {
	t.Helper()
	for _, topology := range installation.Topologies {
		t.Run(string(topology), func(t *testing.T) { test(t, topology) })
	}
}
