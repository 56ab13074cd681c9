package doctor_test

import (
	"context"
	"database/sql"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"decentra.local/cmd/decentra/internal/doctor"
	"decentra.local/pkg/host"
)

func here(t *testing.T, s host.Settings) (problems int, text string) {
	t.Helper()
	var out strings.Builder
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	problems = doctor.Here(ctx, s, &out)
	return problems, out.String()
}

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the doctor does not say %q:\n%s", part, text)
		}
	}
}

func database(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE message (id INTEGER PRIMARY KEY, content TEXT);
		INSERT INTO message (content) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT hex(randomblob(200)) FROM n`); err != nil {
		t.Fatal(err)
	}
}

func TestASoundInstallation(t *testing.T) {
	dir := t.TempDir()
	database(t, filepath.Join(dir, "chat.db"))
	problems, text := here(t, host.Settings{Data: dir, Listen: "127.0.0.1:0"})
	if problems != 0 {
		t.Errorf("%d problems are found", problems)
	}
	wants(t, text, "can be written", "chat.db      is sound", "Decentra does not run here")
}

func TestWhatIsWrongIsNamedWithACure(t *testing.T) {
	dir := t.TempDir()
	chat := filepath.Join(dir, "chat.db")
	database(t, chat)
	file, err := os.OpenFile(chat, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte(strings.Repeat("damage ", 2000)), 8192); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	social := filepath.Join(dir, "social", "social.db")
	if err := os.Mkdir(filepath.Dir(social), 0o700); err != nil {
		t.Fatal(err)
	}
	database(t, social)
	tomorrow := time.Now().Add(24 * time.Hour)
	if err := os.Chtimes(social, tomorrow, tomorrow); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	go func() { // says nothing that Decentra would
		for {
			conn, err := taken.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "220 mail ready\r\n")
			_ = conn.Close()
		}
	}()
	problems, text := here(t, host.Settings{Data: dir, Listen: taken.Addr().String(), NATS: "nats://127.0.0.1:1"})
	if problems != 4 {
		t.Errorf("%d problems are found, want 4", problems)
	}
	wants(t, text, "problem  chat.db", "restore the last backup", "social.db    is sound", "problem  clock", "set the clock",
		"problem  nats", "start the NATS server", "problem  port", "another program has the port")
}

func TestFromOutside(t *testing.T) {
	var out strings.Builder
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	if doctor.There(t.Context(), other.URL, &out) == 0 {
		t.Error("any web server passes for Decentra")
	}
	wants(t, out.String(), "not by Decentra")

	out.Reset()
	silent := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status":"ok"}`) }))
	defer silent.Close()
	if problems := doctor.There(t.Context(), silent.URL, &out); problems != 1 {
		t.Errorf("%d problems are found, want 1", problems)
	}
	wants(t, out.String(), "Decentra answers", "problem  voice", "neither over UDP nor over TCP")
}
