package original_test

import (
	"context"
	"database/sql"
	_ "embed"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"decentra.local/pkg/original"
)

//go:embed testdata/schema.sql
var schema string

func file(t testing.TB, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "decentra.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return path
}

func open(t *testing.T, statements ...string) *original.Database {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	d, err := original.Open(t.Context(), file(t, statements...), berlin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

const ann = `INSERT INTO users (username, password_hash, created_at) VALUES ('ann', '$2b$04$x', '2025-12-01T10:00:00.123456')`

func TestTimesAreLocal(t *testing.T) {
	for _, c := range []struct {
		name, stored string
		want         time.Time
	}{
		{"winter", "2025-12-01T10:00:00.123456", time.Date(2025, 12, 1, 9, 0, 0, 123456000, time.UTC)},
		{"summer", "2025-07-01T10:00:00.5", time.Date(2025, 7, 1, 8, 0, 0, 500000000, time.UTC)},
		{"a whole second", "2025-12-01T10:00:00", time.Date(2025, 12, 1, 9, 0, 0, 0, time.UTC)},
		{"SQLite's form", "2025-12-01 10:00:00", time.Date(2025, 12, 1, 9, 0, 0, 0, time.UTC)},
		{"with a zone", "2025-12-01T10:00:00+00:00", time.Date(2025, 12, 1, 10, 0, 0, 0, time.UTC)},
		{"a day", "2025-12-01", time.Date(2025, 11, 30, 23, 0, 0, 0, time.UTC)},
		{"no time", "yesterday", time.Time{}},
		{"a year nobody can show", "0001-01-01T00:00:00", time.Time{}},
		{"nothing", "", time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, schema, `INSERT INTO users (username, password_hash, created_at) VALUES ('ann', 'x', '`+c.stored+`')`)
			users, err := d.Users(t.Context())
			if err != nil || len(users) != 1 || !users[0].Created.Equal(c.want) {
				t.Fatalf("got %v, %v, want %v", users, err, c.want)
			}
		})
	}
}

func TestMissingColumnsAndTablesAreEmpty(t *testing.T) {
	d := open(t, `CREATE TABLE USERS (UserName TEXT, password_hash BLOB)`, `CREATE TABLE messages (id INTEGER PRIMARY KEY, content)`,
		`INSERT INTO users VALUES (7, x'2432')`, `INSERT INTO messages VALUES (3, 1.5), (4, NULL)`)
	users, err := d.Users(t.Context())
	if want := []original.User{{Name: "7", PasswordHash: "$2"}}; err != nil || !reflect.DeepEqual(users, want) {
		t.Errorf("users %+v, %v", users, err)
	}
	messages, err := d.Messages(t.Context(), 0, 10)
	if want := []original.Message{{Number: 3, Content: "1.5"}, {Number: 4}}; err != nil || !reflect.DeepEqual(messages, want) {
		t.Errorf("messages %+v, %v", messages, err)
	}
	if servers, strays, err := d.Servers(t.Context()); len(servers) != 0 || strays != 0 || err != nil {
		t.Errorf("servers %v, %d, %v", servers, strays, err)
	}
}

func TestTextIsMadeStorable(t *testing.T) {
	d := open(t, schema, ann, `INSERT INTO messages (username, content, timestamp, context_type) VALUES ('ann', CAST(x'61ff0062' AS TEXT), '', 'global')`)
	messages, err := d.Messages(t.Context(), 0, 10)
	if err != nil || len(messages) != 1 || messages[0].Content != "a\uFFFD\uFFFDb" {
		t.Fatalf("got %+v, %v", messages, err)
	}
}

func TestServersHaveTheirChannelsAndMembers(t *testing.T) {
	d := open(t, schema, ann,
		`INSERT INTO servers VALUES ('server_1', 'Club', 'ann')`,
		`INSERT INTO channels VALUES ('channel_10', 'server_1', 'general', 'text'), ('channel_2', 'server_1', 'talk', 'voice'), ('channel_3', 'server_9', 'lost', 'text')`,
		`INSERT INTO server_members VALUES ('server_1', 'ann', 0, 0, 0), ('server_1', 'ben', 1, 0, 1), ('server_9', 'ben', 0, 0, 0)`)
	servers, strays, err := d.Servers(t.Context())
	want := []original.Server{{
		ID: "server_1", Name: "Club", Owner: "ann",
		Channels: []original.Channel{{"channel_10", "general", "text"}, {"channel_2", "talk", "voice"}},
		Members:  []original.Member{{Username: "ann"}, {"ben", true, false, true}},
	}}
	if err != nil || strays != 2 || !reflect.DeepEqual(servers, want) {
		t.Fatalf("got %+v, %d strays, %v", servers, strays, err)
	}
}

func TestSourceStaysTheSame(t *testing.T) {
	one, grown := open(t, schema, ann), open(t, schema, ann, `INSERT INTO users VALUES ('ben', 'x', '2025-12-02T10:00:00', '', '', '')`)
	other := open(t, schema, strings.Replace(ann, "123456", "123457", 1))
	if one.Source() != grown.Source() || one.Source() == other.Source() {
		t.Errorf("sources %s, %s, %s", one.Source(), grown.Source(), other.Source())
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte(strings.Repeat("junk ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"none":             {filepath.Join(t.TempDir(), "none"), "no such file"},
		"no database":      {junk, "no SQLite database"},
		"another database": {file(t, `CREATE TABLE users (id)`), "no database of the original Decentra"},
		"no accounts":      {file(t, schema), "no accounts"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := original.Open(t.Context(), c.path, time.UTC)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzDatabase reads damaged files: an error is fine, a panic or an endless loop
// is not.
func FuzzDatabase(f *testing.F) {
	seed, err := os.ReadFile(file(f, schema, ann,
		`INSERT INTO servers VALUES ('server_1', 'Club', 'ann')`, `INSERT INTO channels VALUES ('channel_1', 'server_1', 'general', 'text')`,
		`INSERT INTO server_members VALUES ('server_1', 'ann', 0, 0, 0)`, `INSERT INTO messages VALUES (1, 'ann', 'hi', '2025', 'server', 'server_1/channel_1')`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)/2])
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "fuzz.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		d, err := original.Open(ctx, path, time.UTC)
		if err != nil {
			return
		}
		defer d.Close()
		_, _ = d.Users(ctx)
		_, _, _ = d.Servers(ctx)
		_, _ = d.Friendships(ctx)
		_, _ = d.DMs(ctx)
		_, _ = d.Invites(ctx)
		_, _ = d.Messages(ctx, 0, 1000)
		_, _ = d.Leftovers(ctx)
		if ctx.Err() != nil {
			t.Fatal("it took more than ten seconds")
		}
	})
}
