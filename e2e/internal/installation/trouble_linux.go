package installation

import (
	"bufio"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Inject makes system calls of a running process fail or stall, as strace(1) words
// it after "inject=", until stop is called. It takes the rights to trace.
func Inject(tb testing.TB, p *Process, fault string) (stop func()) {
	tb.Helper()
	calls, _, _ := strings.Cut(fault, ":")
	cmd := exec.Command("strace", "-f", "-p", strconv.Itoa(p.PID()), "-e", "trace="+calls, "-e", "inject="+fault)
	cmd.SysProcAttr = diesWithParent()
	said, err := cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("strace: %v", err)
	}
	attached, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		told := false
		var last string
		for lines := bufio.NewScanner(said); lines.Scan(); {
			last = lines.Text()
			if !told && strings.Contains(last, " attached") {
				told = true
				attached <- nil
			}
		}
		if !told {
			attached <- fmt.Errorf("it says %q", last)
		}
		_ = cmd.Wait() // it ends with the signal it was sent
	}()
	select {
	case err = <-attached:
	case <-time.After(10 * time.Second):
		err = errors.New("it does not attach")
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGINT) // it lets the process go
		<-ended
	}
	if err != nil {
		_ = cmd.Process.Kill()
		tb.Fatalf("strace: %v", err)
	}
	return stop
}

// Volume mounts a file system of its own, of that many bytes, at a directory until
// the test ends. It takes root.
func Volume(tb testing.TB, dir string, bytes int) {
	tb.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", bytes)); err != nil {
		tb.Fatalf("mount a small file system: %v", err)
	}
	tb.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			tb.Errorf("unmount the small file system: %v", err)
		}
	})
}
