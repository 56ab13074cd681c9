package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// TestBackup copies an installation while people write, loses it, and puts the
// copy back: everything that was acknowledged before the backup began is there.
func TestBackup(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.AllInOne})
	data := inst.Data("decentra")
	anna := signUp(t, inst, "anna", "")
	server, general := anna.createServer("Kept")
	anna.ask("set_avatar", client.Fields{"avatar_type": "image", "avatar_data": dataURL(onePixel)}, "ok")
	ben := signUp(t, inst, "ben", anna.serverInvite(server.ID))
	writer := client.StartWriter(t.Context(), "ben", inst.URL, ben.Token, general, time.Millisecond)
	for n := range 50 {
		anna.write(general, strings.Repeat("x", n+1), "")
	}
	before := writer.Written()

	file := filepath.Join(t.TempDir(), "decentra.backup")
	if out, code := decentra(t, "backup", file, "--data", data); code != 0 {
		t.Fatalf("backup ended with %d:\n%s", code, out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v", info.Mode(), err)
	}
	for _, c := range []struct{ name, says string }{
		{file, "is there already"}, {filepath.Join(data, "inside.backup"), "lies in the data directory"},
	} {
		if out, code := decentra(t, "backup", c.name, "--data", data); code != 1 || !strings.Contains(out, c.says) {
			t.Errorf("backup %s ended with %d:\n%s", c.name, code, out)
		}
	}
	if out, code := decentra(t, "restore", file, "--data", data); code != 1 || !strings.Contains(out, "is not empty") {
		t.Errorf("a restore over the running installation ended with %d:\n%s", code, out)
	}
	out, code := decentra(t, "verify", file)
	if code != 0 || !strings.Contains(out, "account 2") || !strings.Contains(out, "Verified in") {
		t.Fatalf("verify ended with %d:\n%s", code, out)
	}
	t.Log(out)
	if err := writer.Finish(); err != nil {
		t.Error(err)
	}

	deleted := map[string]bool{} // perhaps before the backup, though acknowledged later
	for _, m := range writer.Written() {
		deleted[m.Nonce] = m.Deleted
	}

	inst.StopAll()
	if err := os.Remove(filepath.Join(data, "chat.db")); err != nil {
		t.Fatal(err)
	}
	if out, code := decentra(t, "--data", data, "--listen", "127.0.0.1:0"); code != 1 || !strings.Contains(out, "chat.db is gone, and there was data in it") {
		t.Errorf("an installation without its messages started, or ended with %d:\n%s", code, out)
	}
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if out, code := decentra(t, "restore", file, "--data", data); code != 0 {
		t.Fatalf("restore ended with %d:\n%s", code, out)
	}
	inst.StartAll()
	anna = logIn(t, inst, "anna")
	messages, _ := anna.history(general)
	stored := map[string]bool{}
	own := 0
	for _, m := range messages {
		stored[m.Nonce] = true
		if m.Username == "anna" {
			own++
		}
	}
	for _, m := range before {
		if !deleted[m.Nonce] && !stored[m.Nonce] {
			t.Errorf("%s was acknowledged before the backup and is lost", m.Nonce)
		}
	}
	if own != 50 {
		t.Errorf("%d of Anna's 50 messages are there", own)
	}
	do(t, client.REST{Base: inst.URL}, "GET", *anna.Init.Data, nil, 200)
	signUp(t, inst, "carl", anna.serverInvite(server.ID))
}

// TestDamagedBackup refuses what is not whole, and leaves nothing half restored.
func TestDamagedBackup(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.AllInOne})
	signUp(t, inst, "anna", "")
	file := filepath.Join(t.TempDir(), "decentra.backup")
	if out, code := decentra(t, "backup", file, "--data", inst.Data("decentra")); code != 0 {
		t.Fatal(out)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"cut short":      whole[:len(whole)-100],
		"half of it":     whole[:len(whole)/2],
		"another byte":   append(append(bytes.Clone(whole[:len(whole)/2]), whole[len(whole)/2]^1), whole[len(whole)/2+1:]...),
		"something else": []byte("hello"),
		"nothing":        nil,
	} {
		t.Run(name, func(t *testing.T) {
			damaged, data := filepath.Join(t.TempDir(), "damaged"), filepath.Join(t.TempDir(), "data")
			if err := os.WriteFile(damaged, content, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"restore", "verify"} {
				if out, code := decentra(t, command, damaged, "--data", data); code != 1 {
					t.Errorf("%s ended with %d:\n%s", command, code, out)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(data, "*")); len(left) > 0 {
				t.Errorf("there is %q in the data directory", left)
			}
		})
	}
}
