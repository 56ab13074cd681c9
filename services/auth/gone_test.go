package auth

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// TestAPasswordThatChangesWhileItIsChecked: it is good for nothing from then on.
func TestAPasswordThatChangesWhileItIsChecked(t *testing.T) {
	now := time.Now()
	s := serviceAt(t, &now)
	waits := make(chan struct{}, 8)
	beside := s.passwords
	s.passwords = &passwords{cost: beside.cost, decoy: beside.decoy, check: beside.check,
		slots: make(chan struct{}, 1), waiting: watched{beside.waiting, waits}}
	set := func(password string) {
		t.Helper()
		hashed, err := beside.hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		err = s.db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE account SET password_hash = $1 WHERE username = 'ann'`, hashed)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	set("the former")
	ann := rpc.Caller{User: "ann"}
	for _, c := range []struct {
		name string
		try  func() error
		want fault.Code
	}{
		{"login", func() error {
			_, err := s.login(t.Context(), rpc.Caller{}, contract.LoginRequest{Login: wire.Login{Username: "ann", Password: "the former"}})
			return err
		}, fault.Unauthenticated},
		{"change", func() error {
			_, err := s.changePassword(t.Context(), ann, wire.ChangePassword{Password: "the former", NewPassword: "another"})
			return err
		}, fault.PermissionDenied},
		{"delete", func() error {
			_, err := s.deleteAccount(t.Context(), ann, wire.DeleteAccount{Password: "the former", Messages: "keep"})
			return err
		}, fault.PermissionDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			set("the former")
			s.passwords.slots <- struct{}{} // somebody else's is checked
			tried := make(chan error, 1)
			go func() { tried <- c.try() }()
			<-waits
			set("the new one")
			s.passwords.release()
			if err := <-tried; !fault.Is(err, c.want) {
				t.Errorf("answered %v, want %s", err, c.want)
			}
			if _, err := s.checkPassword(t.Context(), "ann", "the new one", errWrongLogin); err != nil {
				t.Errorf("the new one: %v", err)
			}
			for len(waits) > 0 {
				<-waits
			}
		})
	}
}

// watched is a gauge that says when it grows.
type watched struct {
	prometheus.Gauge
	grows chan<- struct{}
}

func (w watched) Inc() { w.grows <- struct{}{} }

// TestWhoIsGoneDoesNothingMore: what was on its way when an account was deleted
// leaves nothing behind that others would take for somebody's.
func TestWhoIsGoneDoesNothingMore(t *testing.T) {
	now := time.Now()
	s := serviceAt(t, &now)
	err := s.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO account (username, name_key, password_hash, avatar_kind, avatar_emoji, owner, created, deleted)
			VALUES ('bob', 'bob', '', 'emoji', 'x', FALSE, 0, 1)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	invite, err := s.makeServerInvite(t.Context(), rpc.Caller{User: "ann"}, contract.MakeServerInviteRequest{ServerID: "garden"})
	if err != nil {
		t.Fatal(err)
	}
	bob, emoji := rpc.Caller{User: "bob"}, "🌷"
	for name, try := range map[string]func() error{
		"makes a code": func() error { _, err := s.generateInvite(t.Context(), bob, wire.InviteTerms{}); return err },
		"joins a server": func() error {
			_, err := s.redeemInvite(t.Context(), bob, contract.RedeemInviteRequest{Code: invite.Code})
			return err
		},
		"takes a display name": func() error {
			_, err := s.setProfile(t.Context(), bob, wire.SetProfile{DisplayName: "Bob"})
			return err
		},
		"takes an avatar": func() error {
			_, err := s.setAvatar(t.Context(), bob, wire.SetAvatar{Kind: "emoji", Emoji: emoji})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := try(); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("answered %v, want unauthenticated", err)
			}
		})
	}
	if facts, err := s.facts(t.Context(), rpc.Caller{}, contract.FactsRequest{Limit: 10}); err != nil || len(facts.Facts) != 0 {
		t.Errorf("it left %v, %v", facts.Facts, err)
	}
}
