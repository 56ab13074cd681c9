package split_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"decentra.local/cmd/decentra/internal/split"
	"decentra.local/pkg/contract"
)

func prepare(t *testing.T, dir string) {
	t.Helper()
	if err := split.Prepare(dir); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, content string, parts ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(parts...), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEachServiceGetsADirectoryAndAKeyOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	prepare(t, dir)
	seen := map[string]string{}
	for _, service := range contract.Services {
		key := read(t, dir, service, "nats.key")
		if other, taken := seen[key]; taken || !strings.HasPrefix(key, "SU") {
			t.Errorf("the key of %s is that of %q, or none", service, other)
		}
		seen[key] = service
		for _, name := range []string{service, filepath.Join(service, "nats.key")} {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm()&0o077 != 0 {
				t.Errorf("others have rights on %s: %s", name, info.Mode())
			}
		}
	}
	config := read(t, dir, split.NATS, "nats.conf")
	for key := range seen {
		if strings.Contains(config, key) {
			t.Error("the NATS server's configuration has a secret key")
		}
	}
}

func TestPreparingAgainKeepsKeys(t *testing.T) {
	dir := t.TempDir()
	prepare(t, dir)
	key, config := read(t, dir, "chat", "nats.key"), read(t, dir, "nats", "nats.conf")
	write(t, "other permissions, of the last version", dir, "nats", "nats.conf")
	prepare(t, dir)
	if read(t, dir, "chat", "nats.key") != key || read(t, dir, "nats", "nats.conf") != config {
		t.Error("what is there was not kept, or what is old was not replaced")
	}
}

func TestADamagedKeyIsNamed(t *testing.T) {
	dir := t.TempDir()
	prepare(t, dir)
	write(t, "nonsense", dir, "chat", "nats.key")
	if err := split.Prepare(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "chat", "nats.key")) {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

func TestWhatAllServicesSharedMovesToItsOwner(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"auth.db": "auth", "auth.db-wal": "auth", "chat.db": "chat", "chat.db.before-2": "chat", "social.db": "social",
	}
	for name := range files {
		write(t, name, dir, name)
	}
	if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, "face", dir, "pictures", "abc")
	prepare(t, dir)
	for name, service := range files {
		if read(t, dir, service, name) != name {
			t.Errorf("%s is not what it was", name)
		}
	}
	if read(t, dir, "auth", "pictures", "abc") != "face" {
		t.Error("the picture is not what it was")
	}

	write(t, "another", dir, "chat.db")
	if err := split.Prepare(dir); err == nil || read(t, dir, "chat", "chat.db") != "chat.db" || read(t, dir, "chat.db") != "another" {
		t.Errorf("two databases for one service: got %v, want an error and both left alone", err)
	}
}
