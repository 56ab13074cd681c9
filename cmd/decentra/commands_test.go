package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The program tells apart what it serves, what else it does, and what it does not
// understand.
func TestCommandLine(t *testing.T) {
	program := filepath.Join(t.TempDir(), "decentra")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data := t.TempDir()
	for _, c := range []struct {
		name, arguments string
		code            int
		says            string
	}{
		{"help", "--help", 0, "Usage: decentra [flags] [SERVICE...]"},
		{"help of a command", "init --help", 0, "Usage: decentra init"},
		{"version", "version", 0, "decentra 0."},
		{"a command with a flag", "init --data " + data, 0, "a NATS key for each"},
		{"a command with too much", "version now", 2, `version takes no argument, and got "now"`},
		{"a command that is not first", "chat init", 2, "init comes first: decentra init"},
		{"a service that is none", "mail", 2, `"mail" is no command and no service`},
		{"a flag that is none", "--colour red", 2, "colour"},
		{"a value that can't be", "--limits maybe", 2, `--limits is "maybe"; it can be on, off`},
		{"health of what does not run", "health --data " + data, 1, "not running on " + data},
		{"health of a service that is none", "health mail --data " + data, 2, "mail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), program, strings.Fields(c.arguments)...).CombinedOutput()
			code := 0
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if code != c.code || !strings.Contains(string(out), c.says) {
				t.Errorf("decentra %s ended with %d, want %d, and said:\n%s\nwant %q", c.arguments, code, c.code, out, c.says)
			}
		})
	}
}
