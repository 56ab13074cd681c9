package e2e

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// TestExpiredSession: a token that was not used for too long opens nothing, over
// neither door, and says nothing but that.
func TestExpiredSession(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		server, general := anna.createServer("Home")
		anna.write(general, "secret", "")
		expire(t, inst, topology, anna)

		for _, path := range []string{
			"/api/servers", "/api/friends", "/api/dms", "/api/messages?context_type=server&context_id=" + general.ID,
			"/api/v1/session", "/api/v1/servers", "/api/v1/servers/" + server.ID, "/api/v1/servers/" + server.ID + "/members",
		} {
			if answer := anna.get(path, 401); answer.Field("code") != "unauthenticated" {
				t.Errorf("%s answers %s", path, answer.Body)
			}
		}
		conn, err := client.Dial(t.Context(), inst.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		answer, err := conn.Ask(t.Context(), "auth", client.Fields{"token": anna.Token})
		checkRefusal(t, "an expired token", answer, err, "unauthenticated")
		if again := logIn(t, inst, "anna"); len(again.sessions()) != 1 {
			t.Errorf("the sessions are %+v", again.sessions())
		}
	})
}

// expire makes all sessions of a person older than they may become.
func expire(t *testing.T, inst *installation.Installation, topology installation.Topology, p *person) {
	t.Helper()
	process := "auth"
	if topology == installation.AllInOne {
		process = "decentra"
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(inst.Data(process), "auth.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	old := time.Now().Add(-91 * 24 * time.Hour).UnixMicro()
	result, err := db.ExecContext(t.Context(), `UPDATE session SET used = $1 WHERE username = $2`, old, p.Username)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); n != 1 || err != nil {
		t.Fatalf("%d sessions were made old, %v", n, err)
	}
}
