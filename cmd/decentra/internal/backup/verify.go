package backup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/store"
)

const (
	// startLimit bounds how long a restored installation may take to serve. A
	// migration of a large database is in it.
	startLimit = 5 * time.Minute
	stopLimit  = 30 * time.Second
)

// Verify proves a backup: it restores it into a scratch directory, counts what is
// in the databases, starts the program on them, asks it for an answer, stops it,
// counts again, and prints a receipt.
func Verify(ctx context.Context, name string, out io.Writer) (err error) {
	started := time.Now()
	scratch, err := os.MkdirTemp("", "decentra-verify-")
	if err != nil {
		return fmt.Errorf("make a scratch directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	data := filepath.Join(scratch, "data")
	manifest, err := Restore(ctx, name, data)
	if err != nil {
		return err
	}
	if err := compare(ctx, data, manifest, false); err != nil {
		return err
	}
	if err := bringTogether(data); err != nil {
		return err
	}
	took, err := startAndStop(ctx, data)
	if err != nil {
		return fmt.Errorf("the restored installation does not start: %w", err)
	}
	if err := compare(ctx, data, manifest, true); err != nil {
		return fmt.Errorf("after the start: %w", err)
	}
	receipt(out, name, manifest, took, time.Since(started))
	return nil
}

func receipt(out io.Writer, name string, manifest Manifest, start, all time.Duration) {
	var size int64
	for _, file := range manifest.Files {
		size += file.Size
	}
	fmt.Fprintf(out, "%s\n  made      %s by Decentra %s\n  files     %d, %d bytes; every SHA-256 is right\n",
		name, manifest.Made.Format(time.RFC3339), manifest.Program, len(manifest.Files), size)
	for _, file := range manifest.Files {
		if file.Rows == nil {
			continue
		}
		var rows []string
		for _, table := range slices.Sorted(maps.Keys(file.Rows)) {
			if !strings.HasPrefix(table, "migration_") {
				rows = append(rows, fmt.Sprintf("%s %d", table, file.Rows[table]))
			}
		}
		fmt.Fprintf(out, "  %-9s sound; %s\n", path.Base(file.Name), strings.Join(rows, ", "))
	}
	fmt.Fprintf(out, "  starts    yes, in %s; the counts are the same after it\nVerified in %s.\n",
		start.Round(10*time.Millisecond), all.Round(10*time.Millisecond))
}

// grows are the tables that a program may write to as it starts, without anybody
// asking.
var grows = []string{"applied_fact", "conversation", "setting"}

// compare holds the databases to the manifest. Once they were started, they lie
// together, and a newer program may have more tables.
func compare(ctx context.Context, data string, manifest Manifest, afterStart bool) error {
	for _, file := range manifest.Files {
		if file.Rows == nil {
			continue
		}
		place := filepath.Join(data, filepath.FromSlash(file.Name))
		if afterStart {
			place = filepath.Join(data, path.Base(file.Name))
		}
		rows, err := store.Counts(ctx, place)
		if err != nil {
			return err
		}
		for table, want := range file.Rows {
			mayGrow := afterStart && (slices.Contains(grows, table) || strings.HasPrefix(table, "migration_"))
			if got := rows[table]; got != want && !(mayGrow && got > want) {
				return fmt.Errorf("%s has %d rows in %s, and %d in the manifest", file.Name, got, table, want)
			}
		}
	}
	return nil
}

// bringTogether moves what services that run apart keep each in a directory of
// its own to where one process finds it.
func bringTogether(data string) error {
	for _, service := range []string{contract.Auth, contract.Chat, contract.Social} {
		home := filepath.Join(data, service)
		entries, err := os.ReadDir(home)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("prepare the start: %w", err)
		}
		for _, entry := range entries {
			to := filepath.Join(data, entry.Name())
			if _, err := os.Lstat(to); err == nil {
				continue // keys for NATS, which one process does not need
			}
			if err := os.Rename(filepath.Join(home, entry.Name()), to); err != nil {
				return fmt.Errorf("prepare the start: %w", err)
			}
		}
	}
	return nil
}

var address = regexp.MustCompile(`https?://[^\s,]+`)

// startAndStop starts this program on the data, on a free port of loopback, and
// returns how long it took to answer.
func startAndStop(ctx context.Context, data string) (took time.Duration, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find the program: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	started := time.Now()
	program := exec.CommandContext(ctx, self, "--data", data, "--listen", "127.0.0.1:0", "--status", "127.0.0.1:0", "--log-level", "warn")
	program.Env = slices.DeleteFunc(os.Environ(), func(e string) bool {
		return strings.HasPrefix(e, "DECENTRA_") || strings.HasPrefix(e, "NATS_")
	})
	program.Cancel = func() error { return program.Process.Signal(syscall.SIGTERM) }
	program.WaitDelay = stopLimit
	var complaints strings.Builder
	program.Stderr = &complaints
	lines, err := program.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("read its output: %w", err)
	}
	if err := program.Start(); err != nil {
		return 0, fmt.Errorf("start it: %w", err)
	}
	url := ""
	for scanner := bufio.NewScanner(lines); url == "" && scanner.Scan(); {
		url = address.FindString(scanner.Text())
	}
	answered := errors.New("it ended before it served")
	if url != "" {
		answered = ask(ctx, url)
		took = time.Since(started)
	}
	cancel()
	_, _ = io.Copy(io.Discard, lines)
	_ = program.Wait() // ended by us
	if answered != nil {
		return 0, fmt.Errorf("%w\n%s", answered, strings.TrimSpace(complaints.String()))
	}
	if code := program.ProcessState.ExitCode(); code != 0 {
		return 0, fmt.Errorf("it ended with exit code %d\n%s", code, strings.TrimSpace(complaints.String()))
	}
	return took, nil
}

func ask(ctx context.Context, base string) error {
	for _, path := range []string{"/readyz", "/api/v1/installation"} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(base, "/")+path, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", path, response.Status)
		}
	}
	return nil
}
