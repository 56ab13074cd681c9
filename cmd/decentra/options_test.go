package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"decentra.local/pkg/host"
)

// docs/configuration.md has every setting, as the code has it. DECENTRA_UPDATE=1
// writes the table anew.
func TestTheTableOfSettingsIsCurrent(t *testing.T) {
	const file = "../../docs/configuration.md"
	var table strings.Builder
	table.WriteString("| flag | environment | default | meaning |\n|---|---|---|---|\n")
	for _, o := range host.Options() {
		value := "`" + o.Default + "`"
		if o.Default == "" {
			value = ""
		}
		fmt.Fprintf(&table, "| `%s` | `%s` | %s | %s |\n", o.Flag, o.Env, value, o.Help)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(content), "| flag |")
	if !ok {
		t.Fatal("no table in ", file)
	}
	want := head + table.String()
	if string(content) == want {
		return
	}
	if os.Getenv("DECENTRA_UPDATE") == "" {
		t.Fatalf("%s is not what the code has; run DECENTRA_UPDATE=1 go test ./cmd/decentra/", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}
