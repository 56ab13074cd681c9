package voicesignal

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/rpc"
)

// TestARecordIsAsOldAsItIsKnown: what ends by itself goes by the time that passes,
// whatever the clock of who wrote the record said.
func TestARecordIsAsOldAsItIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(nil, nil, nil, nil, nil)
		now, year := time.Now(), time.Now().AddDate(1, 0, 0)
		written := map[string]time.Time{"call.now": now, "call.ahead": year, "call.behind": now.AddDate(-1, 0, 0)}
		record := func(state string, at time.Time) []byte {
			return fmt.Appendf(nil, `{"State":%q,"At":%d}`, state, at.UnixMicro())
		}
		all := func(want bool, when string) {
			t.Helper()
			for key := range written {
				if b.old(key, ringing) != want {
					t.Errorf("%s, %s is old: %v", when, key, !want)
				}
			}
		}
		for key, at := range written {
			b.apply(key, record("ringing", at), 1)
		}
		all(false, "at first")
		time.Sleep(ringing)
		for key, at := range written {
			b.apply(key, record("ringing", at), 1) // as when a watch begins anew
		}
		all(false, "just before")
		time.Sleep(time.Second)
		all(true, "then")
		for key, at := range written {
			b.apply(key, record("accepted", at), 2)
		}
		all(false, "after a change")
		if b.old("call.none", 0) {
			t.Error("what is not there is old")
		}
	})
}

// TestCredentialsGoByTheClock: those for the relay are good for the same time, told
// as the clock has it.
func TestCredentialsGoByTheClock(t *testing.T) {
	now := time.Now()
	s := &Service{now: func() time.Time { return now }}
	s.credentials.secret = contract.Secret{Key: []byte("a key")}
	for _, years := range []int{0, 1, -2} {
		now = now.AddDate(years, 0, 0)
		made, err := s.turn(t.Context(), rpc.Caller{User: "ann", Session: "session"}, false)
		if err != nil {
			t.Fatal(err)
		}
		grant, ok := contract.ParseRelayName(made.Username)
		if !ok || made.Credential != s.credentials.secret.Password(made.Username) {
			t.Errorf("the credentials are %+v", made)
		}
		if want := now.Add(contract.RelayLife); !made.ExpiresAt.Equal(want) || want.Sub(grant.Expires).Abs() > time.Second {
			t.Errorf("credentials made at %s are good until %s, in their name %s; want %s", now, made.ExpiresAt, grant.Expires, want)
		}
	}
}
