package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

type goPackage struct {
	ImportPath string
	Imports    []string
}

// The layout is a rule: who may import whom.
func TestImportsFollowTheLayout(t *testing.T) {
	const home = "decentra.local/"
	command := exec.Command("go", "list", "-json=ImportPath,Imports", "work")
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	count := 0
	for {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		count++
		from := strings.TrimPrefix(p.ImportPath, home)
		for _, path := range p.Imports {
			to, ours := strings.CutPrefix(path, home)
			if ours && !allowed(from, to) {
				t.Errorf("%s imports %s", from, to)
			}
			if path == "database/sql" && strings.HasPrefix(from, "services/gateway") {
				t.Errorf("%s reads a database; the gateway has no state", from)
			}
			if strings.HasPrefix(path, "github.com/nats-io/nats-server") && from != "pkg/bus" && !strings.HasPrefix(from, "e2e") {
				t.Errorf("%s runs a NATS server; only pkg/bus does", from)
			}
		}
	}
	if count < 15 {
		t.Fatalf("only %d packages were seen", count)
	}
}

// allowed reports whether a package of the workspace may import another.
func allowed(from, to string) bool {
	area := func(path string) string {
		parts := strings.SplitN(path, "/", 3)
		if parts[0] == "services" || parts[0] == "cmd" {
			return parts[0] + "/" + parts[1]
		}
		return parts[0]
	}
	a, b := area(from), area(to)
	switch {
	case a == b:
		return true
	case b == "pkg":
		return !storesData(to) || a == "e2e" || a == "cmd/decentra" && to == "pkg/store" || a == "services/auth" || a == "services/chat" || a == "services/social"
	case a == "cmd/decentra":
		return strings.HasPrefix(b, "services/")
	case a == "services/gateway":
		return b == "web"
	default:
		return false
	}
}

// storesData tells the packages that only owners of data use.
func storesData(path string) bool {
	switch path {
	case "pkg/store", "pkg/convlog", "pkg/conversation", "pkg/fact", "pkg/imported":
		return true
	}
	return false
}
