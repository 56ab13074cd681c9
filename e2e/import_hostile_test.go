package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// hostile is what no program wrote: $1 is the hash of "ann's", $2 text of 6 MB.
const hostile = `
INSERT INTO users VALUES ('ann', $1, '2025-12-01T10:00:00', NULL, 'emoji', NULL), ('Ann', $1, 'yesterday', NULL, 'image', 'data:image/png;base64,AAAA'),
	('a' || char(0) || 'b', $1, '', NULL, 'image', 'data:,'), (CAST(x'ff41fe' AS TEXT), $1, '9999999-99-99', CAST(x'fffe' AS TEXT), 'emoji', NULL),
	(substr($2, 1, 300), $1, '2025-12-02T10:00:00', NULL, 'emoji', NULL), (' ', $1, '2025-12-02T10:00:00', NULL, 'emoji', NULL),
	('.*.>', $1, x'00ff', NULL, 'image', 'data:image/png;base64,' || $2), ('huge hash', $2, '2025-12-02T10:00:00', $2, $2, $2),
	('slow hash', '$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234', '2025-12-02T10:00:00', NULL, 'emoji', NULL);
INSERT INTO servers VALUES ('s/../1', $2, 'ann'), ('', 'nameless' || char(10) || char(0), 'ann'), ('s2', '', 'ann'), ('s3', CAST(x'ff' AS TEXT), 'ann');
INSERT INTO channels VALUES ('c/1', 's/../1', $2, 'text'), ('', 's2', '', 'text'), ('c2', 's2', 'odd', $2), ('c3', 'nowhere', 'x', 'text');
INSERT INTO server_members VALUES ('s2', 'Ann', 'yes', NULL, -1), ('s2', 'nobody', 1, 1, 1), ('nowhere', 'ann', 1, 1, 1), ('s2', '.*.>', 1, 1, 1);
INSERT INTO friendships VALUES ('Ann', 'ann', 'accepted', 'nobody', 'never'), ('ann', 'zzz', 'accepted', 'ann', 'x'), ('.*.>', 'ann', $2, $2, $2);
INSERT INTO direct_messages VALUES ('d/1', 'ann', 'Ann', ''), ('d2', 'ann', 'nobody', 'x'), ('', 'ann', '.*.>', x'ff');
INSERT INTO invite_codes VALUES ('../..', 'ann', 'global', NULL, 'x'), ('GOOD1234', 'ann', 'server', 'nowhere', 'x'), ('GOOD5678', 'ann', 'global', NULL, 'x');
INSERT INTO messages (username, content, timestamp, context_type, context_id) VALUES
	('ann', $2, 'x', 'server', 's2/'), ('ann', CAST(x'ff00fe' AS TEXT), 'x', 'server', 's2/'), ('ann', x'00', x'00', x'00', x'00'), ('ann', '', '', '', ''),
	('nobody', 'dm', 'x', 'dm', 'd/1'), ('ann', 'the last', '2025-12-02T10:00:00', 'server', 's2/'), ('ann', $2, 'x', 'global', NULL);
CREATE TABLE "odd ""name" (x); INSERT INTO "odd ""name" VALUES (1);
CREATE VIEW trap AS SELECT load_extension('x');
`

// TestAHostileImportHarmsNobody takes over a database of nonsense, twice.
func TestAHostileImportHarmsNobody(t *testing.T) {
	inst := installation.New(t, installation.Options{Topology: installation.AllInOne})
	from := bare(t)
	formerly(t, from, hostile, annsHash(t), strings.Repeat("x", 6_000_000))
	data := inst.Data("decentra")
	report := func() string {
		t.Helper()
		out, code := decentra(t, "import", "--from", from, "--data", data)
		if code != 0 || len(out) > 100_000 {
			t.Fatalf("the import ended with %d and %d bytes:\n%.3000s", code, len(out), out)
		}
		return out
	}
	first := report()
	for _, want := range []string{`"ann" is the oldest account and owns the installation`, `it is now "Ann-2"`, "is cut", "without a name",
		`The password of "huge hash"`, `The password of "slow hash"`, `The picture of "Ann"`, "GOOD1234", `odd "name with 1 rows`, `"nobody" has no account`} {
		if !strings.Contains(first, want) {
			t.Errorf("the report lacks %q:\n%.3000s", want, first)
		}
	}
	if again := report(); !strings.Contains(again, "Taken over: nothing\n") {
		t.Errorf("something was taken twice:\n%.3000s", again)
	}
	inst.StartAll()
	for _, name := range []string{"ann", "Ann-2", "a\x00b", ".*.>"} {
		conn, err := client.Login(t.Context(), inst.URL, strings.ReplaceAll(name, "\x00", "\ufffd"), "ann's")
		if err != nil {
			t.Errorf("%q can't log in: %v", name, err)
			continue
		}
		conn.Close()
	}
	ann := enterAs(t, inst, "ann", "ann's")
	if n := len(ann.Init.Servers); n != 4 {
		t.Errorf("ann has %d servers, want 4", n)
	}
	for _, server := range ann.Init.Servers {
		if len(server.Name) > 1000 {
			t.Errorf("a server's name has %d bytes", len(server.Name))
		}
		for _, c := range server.Channels {
			if len(c.Name) > 1000 {
				t.Errorf("a channel's name has %d bytes", len(c.Name))
			}
			if c.Type == "text" {
				messages, _ := ann.history(client.Channel(server.ID, c.ID))
				for _, m := range messages {
					if len(m.Content) > 1<<20 {
						t.Errorf("a message has %d bytes", len(m.Content))
					}
				}
				ann.write(client.Channel(server.ID, c.ID), "after all", "")
			}
		}
	}
	ann.ask("resync", nil, "init")
	signUp(t, inst, "newcomer", "GOOD5678")
}

// TestAnInterruptedImportGoesOn kills the import again and again: in the end all is
// there once.
func TestAnInterruptedImportGoesOn(t *testing.T) {
	const messages, users = 30_000, 500
	inst := installation.New(t, installation.Options{Topology: installation.AllInOne})
	from := bare(t)
	formerly(t, from, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
		INSERT INTO users SELECT 'user' || i, $1, '2025-12-01T10:00:00', NULL, 'emoji', NULL FROM n`, annsHash(t), users)
	formerly(t, from, `INSERT INTO servers VALUES ('s', 'Club', 'user1'); INSERT INTO channels VALUES ('c', 's', 'general', 'text');
		INSERT INTO server_members SELECT 's', username, 0, 0, 0 FROM users;
		INSERT INTO direct_messages VALUES ('d', 'user1', 'user2', '2025-12-02T12:00:00');
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO messages (username, content, timestamp, context_type, context_id)
		SELECT 'user' || (1 + i % 2), 'message ' || i, '2025-12-02T13:00:00', iif(i % 3, 'server', 'dm'), iif(i % 3, 's/c', 'd') FROM n`, messages)
	data := inst.Data("decentra")
	killed := 0
	for after := 20 * time.Millisecond; ; after = after * 5 / 4 {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		command := exec.CommandContext(ctx, installation.Program("decentra"), "import", "--from", from, "--data", data)
		out, err := command.CombinedOutput() // killed when ctx ends
		cancel()
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			t.Fatalf("the import failed: %v\n%s", err, out)
		}
		killed++
	}
	if killed < 3 {
		t.Errorf("the import was killed %d times only", killed)
	}
	t.Logf("killed %d times", killed)
	if out, code := decentra(t, "import", "--from", from, "--data", data); code != 0 || !strings.Contains(out, "Taken over: nothing\n") {
		t.Errorf("once more: %d\n%s", code, out)
	}
	for file, want := range map[string]int{"chat": messages - messages/3, "social": messages / 3} {
		db, err := sql.Open("sqlite", filepath.Join(data, file+".db"))
		if err != nil {
			t.Fatal(err)
		}
		var n, distinct int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*), count(DISTINCT content) FROM message`).Scan(&n, &distinct); err != nil {
			t.Fatal(err)
		}
		if n != want || distinct != want {
			t.Errorf("%s has %d messages, %d of them different; want %d", file, n, distinct, want)
		}
		_ = db.Close()
	}
	inst.StartAll()
	first := enterAs(t, inst, "user1", "ann's")
	if len(first.Init.Servers) != 1 || len(first.Init.DMs) != 1 {
		t.Errorf("user1 has %d servers and %d DMs", len(first.Init.Servers), len(first.Init.DMs))
	}
	enterAs(t, inst, fmt.Sprint("user", users), "ann's")
}

// TestWhatCantBeImported refuses with words what can't be read.
func TestWhatCantBeImported(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		want string
	}{
		"nothing":   {func(*testing.T, string) {}, "no such file"},
		"directory": {func(t *testing.T, path string) { _ = os.Mkdir(path, 0o700) }, ""},
		"text": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is no SQLite database"},
		"half a database": {func(t *testing.T, path string) {
			formerly(t, path, `CREATE TABLE users (username); CREATE TABLE messages (x); INSERT INTO users VALUES (zeroblob(100000))`)
			if err := os.Truncate(path, 9000); err != nil {
				t.Fatal(err)
			}
		}, "malformed"},
		"locked": {func(t *testing.T, path string) {
			formerly(t, path, `CREATE TABLE users (username); CREATE TABLE messages (x)`)
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.ExecContext(t.Context(), `BEGIN EXCLUSIVE`); err != nil {
				t.Fatal(err)
			}
		}, "lock"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "decentra.db")
			c.make(t, path)
			data := t.TempDir()
			out, code := decentra(t, "import", "--from", path, "--data", data)
			if code != 1 || !strings.Contains(out, c.want) || strings.Contains(out, "goroutine") {
				t.Errorf("the import ended with %d:\n%s", code, out)
			}
			left, err := os.ReadDir(data)
			if err != nil || len(left) > 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
}

// bare is the original's file with nothing in its tables.
func bare(t *testing.T) string {
	t.Helper()
	schema, err := os.ReadFile("../pkg/original/testdata/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "decentra.db")
	formerly(t, path, string(schema))
	return path
}

func annsHash(t *testing.T) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("ann's"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return "$2b" + string(hash[3:])
}
