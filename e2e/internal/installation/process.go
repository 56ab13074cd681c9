package installation

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shownLines is how much of a process's log a failed test shows.
const shownLines = 60

// Process is a program that a test starts, stops, kills and starts again with
// the same arguments.
type Process struct {
	Name string
	Path string
	Args []string
	Env  []string // besides what the test has itself

	tb  testing.TB
	log *os.File

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when the running one has ended
	code int
}

// NewProcess describes a process. It is ended with the test, and its log is
// shown when the test has failed.
func NewProcess(tb testing.TB, name, path string, env []string, args ...string) *Process {
	tb.Helper()
	log, err := os.CreateTemp(tb.TempDir(), strings.ReplaceAll(name, "/", "_")+"-*.log")
	if err != nil {
		tb.Fatalf("make log: %v", err)
	}
	p := &Process{Name: name, Path: path, Args: args, Env: env, tb: tb, log: log}
	tb.Cleanup(func() {
		p.Kill()
		if tb.Failed() {
			tb.Logf("log of %s:\n%s", name, p.Log(shownLines))
		}
		_ = log.Close()
	})
	return p
}

// Start starts the process; it must not be running.
func (p *Process) Start() {
	p.tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done != nil && !ended(p.done) {
		p.tb.Fatalf("%s runs already", p.Name)
	}
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Env = append(environment(), p.Env...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = diesWithParent()
	fmt.Fprintf(p.log, "--- %s starts at %s: %s\n", p.Name, time.Now().Format("15:04:05.000"), strings.Join(p.Args, " "))
	if err := cmd.Start(); err != nil {
		p.tb.Fatalf("start %s: %v", p.Name, err)
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.code = cmd.ProcessState.ExitCode()
		p.mu.Unlock()
		fmt.Fprintf(p.log, "--- %s ended at %s: %v\n", p.Name, time.Now().Format("15:04:05.000"), err)
		close(done)
	}()
}

// Kill ends the process with SIGKILL and waits for it; one that does not run is
// left alone.
func (p *Process) Kill() {
	p.signal(syscall.SIGKILL)
	p.Wait(10 * time.Second)
}

// Stop asks the process to end with SIGTERM and returns its exit code.
func (p *Process) Stop() int {
	p.tb.Helper()
	p.signal(syscall.SIGTERM)
	code, ok := p.Wait(20 * time.Second)
	if !ok {
		p.tb.Fatalf("%s did not stop within 20 s of SIGTERM", p.Name)
	}
	return code
}

func (p *Process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil || ended(p.done) {
		return
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Errorf("signal %s to %s: %v", s, p.Name, err)
	}
}

// Wait waits for the end of the process and returns its exit code, -1 after a
// signal; false: it still runs.
func (p *Process) Wait(limit time.Duration) (int, bool) {
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	if done == nil {
		return 0, true
	}
	select {
	case <-done:
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.code, true
	case <-time.After(limit):
		return 0, false
	}
}

// Running reports whether the process runs.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done != nil && !ended(p.done)
}

// PID is the running process's number.
func (p *Process) PID() int {
	p.tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil || ended(p.done) {
		p.tb.Fatalf("%s does not run", p.Name)
	}
	return p.cmd.Process.Pid
}

// Log returns the last lines that the process wrote.
func (p *Process) Log(lines int) string {
	content, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	return lastLines(string(content), lines)
}

func ended(done chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// environment is the test's own without the settings of Decentra that a person
// may have in it.
func environment() []string {
	var kept []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "DECENTRA_") && !strings.HasPrefix(e, "NATS_URL=") {
			kept = append(kept, e)
		}
	}
	return kept
}
