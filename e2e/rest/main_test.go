// Package rest has what a program may rely on that uses an installation over
// REST alone: every operation of the OpenAPI document does what it says, refuses
// as it says, and answers in the form that the document describes.
package rest

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds how long a test waits for what must come.
const patience = 20 * time.Second

var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run finds the program, or builds it.
func run(m *testing.M) int {
	dir := os.Getenv("DECENTRA_BIN_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "bin")
	}
	binary = filepath.Join(dir, "decentra")
	if _, err := os.Stat(binary); err != nil {
		built, err := os.MkdirTemp("", "decentra-bin-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(built) }()
		binary = filepath.Join(built, "decentra")
		build := exec.Command("go", "build", "-o", binary, "../../cmd/decentra")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build the program:", err)
			return 1
		}
	}
	return m.Run()
}

// start runs the program with an empty data directory and returns its URL.
func start(t *testing.T, options ...string) string {
	t.Helper()
	args := append([]string{"--listen", "127.0.0.1:0", "--data", t.TempDir(), "--bcrypt-cost", "4"}, options...)
	command := exec.Command(binary, args...)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			default: // nobody reads them any more
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("the program did not stop cleanly: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var log []string
	for {
		select {
		case line, ok := <-lines:
			if _, address, found := strings.Cut(line, "http://"); found && strings.Contains(line, "ready on") {
				return "http://" + strings.Fields(address)[0]
			}
			log = append(log, line)
			if ok {
				continue
			}
		case <-ctx.Done():
		}
		t.Fatalf("the program did not start:\n%s", strings.Join(log, "\n"))
	}
}

var httpClient = &http.Client{Timeout: patience}
