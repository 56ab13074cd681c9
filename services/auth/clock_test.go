package auth

import (
	"testing"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
)

// TestSessionsOutliveAClockThatJumps: what a wrong clock says is over is back when
// the clock is right, and what was used in its future still ends.
func TestSessionsOutliveAClockThatJumps(t *testing.T) {
	db, err := openStore(t.Context(), t.TempDir(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	start := time.Now()
	now := start
	s := &Service{db: db, now: func() time.Time { return now }}
	var session contract.Session
	err = db.Update(t.Context(), func(tx *store.Tx) (err error) {
		if _, err = tx.Exec(`INSERT INTO account (username, name_key, password_hash, avatar_kind, avatar_emoji, owner, created)
			VALUES ('ann', 'ann', '', 'emoji', 'x', TRUE, 0)`); err != nil {
			return err
		}
		session, err = s.startSession(tx, "ann", contract.Origin{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name  string
		at    time.Duration
		lives bool
	}{
		{"at the start", 0, true},
		{"years ahead", 3 * 365 * 24 * time.Hour, false},
		{"back again", 0, true},
		{"a month ahead", 30 * 24 * time.Hour, true},
		{"back once more", time.Minute, true},
		{"unused since", time.Minute + sessionLife + time.Hour, false},
		{"years back", -3 * 365 * 24 * time.Hour, true},
	} {
		now = start.Add(step.at)
		_, err := s.resume(t.Context(), rpc.Caller{}, contract.ResumeRequest{Token: session.Token})
		if (err == nil) != step.lives || err != nil && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}
