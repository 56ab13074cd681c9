package auth

import (
	"errors"
	"testing"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// TestSessionsOutliveAClockThatJumps: what a wrong clock says is over is back when
// the clock is right, and what was used in its future still ends.
func TestSessionsOutliveAClockThatJumps(t *testing.T) {
	start := time.Now()
	now := start
	s := serviceAt(t, &now)
	session := started(t, s)
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
		{"right again", 2 * time.Minute, true},
	} {
		now = start.Add(step.at)
		_, err := s.resume(t.Context(), rpc.Caller{}, contract.ResumeRequest{Token: session.Token})
		if (err == nil) != step.lives || err != nil && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", step.name, err)
		}
		live, err := s.liveSessions(t.Context(), rpc.Caller{}, contract.LiveSessionsRequest{IDs: []string{session.ID}})
		if err != nil || (len(live.IDs) == 1) != step.lives {
			t.Errorf("%s: the sessions that live are %q, %v", step.name, live.IDs, err)
		}
	}

	// Who logs in meanwhile ends nobody's session.
	now = start.AddDate(3, 0, 0)
	started(t, s)
	now = start.Add(2 * time.Minute)
	if _, err := s.resume(t.Context(), rpc.Caller{}, contract.ResumeRequest{Token: session.Token}); err != nil {
		t.Errorf("after a login years ahead: %v", err)
	}
}

// TestInvitesOutliveAClockThatJumps: what a code is good for goes by the clock, and
// a wrong one uses none up.
func TestInvitesOutliveAClockThatJumps(t *testing.T) {
	start := time.Now()
	now := start
	s := serviceAt(t, &now)
	ann := rpc.Caller{User: "ann"}
	hour, err := s.generateInvite(t.Context(), ann, wire.InviteTerms{ExpiresIn: 3600})
	if err != nil {
		t.Fatal(err)
	}
	ever, err := s.generateInvite(t.Context(), ann, wire.InviteTerms{})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name  string
		at    time.Duration
		lives bool
	}{
		{"at the start", 0, true},
		{"a year ahead", 366 * 24 * time.Hour, false},
		{"back again", time.Minute, true},
		{"a day back", -24 * time.Hour, true},
		{"years back", -50 * 365 * 24 * time.Hour, true},
		{"right again", 59 * time.Minute, true},
		{"when it ends", time.Hour, false},
	} {
		now = start.Add(step.at)
		for code, lives := range map[string]bool{hour.Code: step.lives, ever.Code: true} {
			_, err := s.findInvite(t.Context(), rpc.Caller{}, contract.FindInviteRequest{Code: code})
			if (err == nil) != lives || err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v, lives: %v", step.name, err, lives)
			}
		}
		want := 1
		if step.lives {
			want = 2
		}
		if open, err := s.getInvites(t.Context(), ann, contract.Nothing{}); err != nil || len(open.Invites) != want {
			t.Errorf("%s: %d open, %v, want %d", step.name, len(open.Invites), err, want)
		}
	}

	// One that was made a year ahead is good until then, and revoked like any other.
	now = start.AddDate(1, 0, 0)
	late, err := s.generateInvite(t.Context(), ann, wire.InviteTerms{ExpiresIn: 3600})
	if err != nil {
		t.Fatal(err)
	}
	now = start
	if _, err := s.findInvite(t.Context(), rpc.Caller{}, contract.FindInviteRequest{Code: late.Code}); err != nil {
		t.Errorf("of a year ahead: %v", err)
	}
	if _, err := s.revokeInvite(t.Context(), ann, wire.RevokeInvite{Code: late.Code}); err != nil {
		t.Errorf("of a year ahead, revoked: %v", err)
	}
}

// TestResetLinksOutliveAClockThatJumps: a link is good for a day by the clock, once.
func TestResetLinksOutliveAClockThatJumps(t *testing.T) {
	start := time.Now()
	now := start
	s := serviceAt(t, &now)
	reset := func(token string) error {
		_, err := s.resetPassword(t.Context(), rpc.Caller{}, wire.ResetPassword{Token: token, NewPassword: "a new one"})
		return err
	}
	link := func() string {
		t.Helper()
		made, err := s.createPasswordReset(t.Context(), rpc.Caller{User: "ann"}, wire.CreatePasswordReset{Username: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		return made.Token
	}

	for _, c := range []struct {
		name string
		at   time.Duration
		good bool
	}{
		{"a year ahead", 366 * 24 * time.Hour, false},
		{"a day ahead", 24 * time.Hour, false},
		{"just before", 24*time.Hour - time.Second, true},
		{"a day back", -24 * time.Hour, true},
	} {
		now = start
		token := link()
		now = start.Add(c.at)
		if err := reset(token); (err == nil) != c.good || err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", c.name, err)
		}
		// What a wrong clock refused is good when it is right again; what was used is not.
		now = start
		if err := reset(token); (err == nil) == c.good {
			t.Errorf("%s, and right again: %v", c.name, err)
		}
	}

	// One that was made years ahead is replaced by the next.
	now = start.AddDate(3, 0, 0)
	late := link()
	now = start
	token := link()
	if err := reset(late); !fault.Is(err, fault.NotFound) {
		t.Errorf("a link of years ahead that was replaced: %v", err)
	}
	if err := reset(token); err != nil {
		t.Errorf("the link that replaced it: %v", err)
	}
}

// TestWrongPasswordsAreCountedByWhatPasses: a clock that jumps locks nobody out, and
// gives nobody tries.
func TestWrongPasswordsAreCountedByWhatPasses(t *testing.T) {
	now := time.Now()
	s := serviceAt(t, &now)
	try := func() error {
		_, err := s.checkPassword(t.Context(), "ann", "wrong", errWrongLogin)
		return err
	}
	for n := range wrongBurst {
		if err := try(); !errors.Is(err, errWrongLogin) {
			t.Fatalf("wrong password %d: %v", n+1, err)
		}
	}
	for _, ahead := range []int{0, 1, -1} {
		now = now.AddDate(ahead, 0, 0)
		if err := try(); !fault.Is(err, fault.RateLimited) {
			t.Errorf("one more, with the clock %d years on: %v", ahead, err)
		}
	}
}

// serviceAt has an account ann, who owns the installation, and a clock of the
// test's.
func serviceAt(t *testing.T, now *time.Time) *Service {
	t.Helper()
	db, err := openStore(t.Context(), t.TempDir(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	passwords, err := newPasswords(4, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO account (username, name_key, password_hash, avatar_kind, avatar_emoji, owner, created)
			VALUES ('ann', 'ann', '', 'emoji', 'x', TRUE, 0)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return &Service{db: db, passwords: passwords, now: func() time.Time { return *now }}
}

// started is a new session of ann's.
func started(t *testing.T, s *Service) contract.Session {
	t.Helper()
	var session contract.Session
	err := s.db.Update(t.Context(), func(tx *store.Tx) (err error) {
		session, err = s.startSession(tx, "ann", contract.Origin{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return session
}
