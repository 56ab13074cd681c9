package social

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fact"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// apply takes a fact of auth's into social's own state.
func (s *Service) apply(tx *store.Tx, f fact.Fact) error {
	switch f.Kind {
	case contract.FactAccountCreated:
		// Later changes of the installation's default leave the account alone.
		return fact.With(f, func(created contract.AccountCreated) error {
			return setPolicy(tx, created.Username, cmp.Or(created.Friends, s.config.Friends))
		})
	case contract.FactAccountInvited:
		return fact.With(f, func(invited contract.AccountInvited) error { return s.welcome(tx, invited) })
	case contract.FactProfileChanged:
		return fact.With(f, func(changed contract.ProfileChanged) error {
			if err := keepProfile(tx, changed.Profile); err != nil {
				return err
			}
			return s.tellAcquainted(tx, changed.Profile.Username, wire.AvatarUpdate{Profile: changed.Profile},
				"profile-"+strconv.FormatInt(f.Number, 10))
		})
	case contract.FactAccountDeleted:
		return fact.With(f, func(deleted contract.AccountDeleted) error { return s.forget(tx, deleted) })
	default:
		return nil
	}
}

func friendsOf(tx *store.Tx, username string) ([]string, error) {
	return listNames(tx, `SELECT CASE WHEN first = $1 THEN second ELSE first END FROM friendship
		WHERE first = $1 OR second = $1 ORDER BY since, 1`, username)
}

// tellAcquainted tells each friend of a user, and whoever has the user's profile
// from a DM, a request or a block.
func (s *Service) tellAcquainted(tx *store.Tx, username string, frame wire.Frame, occasion string) error {
	users, err := listNames(tx, `SELECT second FROM friendship WHERE first = $1
		UNION SELECT first FROM friendship WHERE second = $1
		UNION SELECT second FROM dm WHERE first = $1
		UNION SELECT first FROM dm WHERE second = $1
		UNION SELECT asked FROM request WHERE requester = $1
		UNION SELECT requester FROM request WHERE asked = $1
		UNION SELECT blocker FROM block WHERE blocked = $1`, username)
	if err != nil {
		return err
	}
	tx.AfterCommit(func() { s.tell(users, frame, occasion) })
	return nil
}

// introduce tells two new friends that the other is online.
func (s *Service) introduce(tx *store.Tx, a, b string) {
	tx.AfterCommit(func() {
		for _, p := range [][2]string{{a, b}, {b, a}} {
			if to, who := p[0], p[1]; s.roster.Online(who) {
				s.events.Publish(event.User(to), wire.Presence{Username: who, Online: true})
			}
		}
	})
}

func (s *Service) tell(users []string, frame wire.Frame, occasion string) {
	for _, user := range users {
		s.events.Publish(event.User(user), frame, event.Once(occasion))
	}
}

// presenceChanged tells the users' friends that they came or went, and the
// terminals, which are told of everybody.
func (s *Service) presenceChanged(users []string, online bool, revision uint64) {
	// In line with what else is told of friends: nobody hears of a former one.
	err := s.db.Update(context.Background(), func(tx *store.Tx) error {
		for _, username := range users {
			friends, err := friendsOf(tx, username)
			if err != nil {
				return err
			}
			tx.AfterCommit(func() {
				s.tell(friends, wire.Presence{Username: username, Online: online},
					"presence-"+username+"-"+strconv.FormatUint(revision, 10))
			})
		}
		return nil
	})
	if err != nil {
		s.log.Warn("presence not told", "error", err)
	}
	words := " left the chat"
	if online {
		words = " joined the chat"
	}
	for _, username := range users {
		s.events.Publish(event.Terminals, wire.System{Content: username + words, Timestamp: wire.MicroTime(s.now().UnixMicro()), Context: wire.ContextGlobal},
			event.NotTo(username))
	}
}

// forget ends all that a deleted account had. DMs stay with the other, under
// another name.
func (s *Service) forget(tx *store.Tx, deleted contract.AccountDeleted) error {
	friends, err := friendsOf(tx, deleted.Username)
	if err != nil {
		return err
	}
	requests, err := listNames(tx, `SELECT asked FROM request WHERE requester = $1
		UNION SELECT requester FROM request WHERE asked = $1`, deleted.Username)
	if err != nil {
		return err
	}
	for _, other := range append(friends, requests...) {
		if err := s.part(tx, deleted.Username, other); err != nil {
			return err
		}
	}
	blockers, err := listNames(tx, `SELECT blocker FROM block WHERE blocked = $1`, deleted.Username)
	if err != nil {
		return err
	}
	for _, query := range []string{
		`DELETE FROM block WHERE blocker = $1 OR blocked = $1`,
		`DELETE FROM setting WHERE username = $1`,
		`DELETE FROM profile WHERE username = $1`,
		`INSERT INTO departed (username) VALUES ($1) ON CONFLICT DO NOTHING`,
	} {
		if _, err := tx.Exec(query, deleted.Username); err != nil {
			return fmt.Errorf("forget an account: %w", err)
		}
	}
	changed, err := convlog.Forget(tx, deleted.Username, wire.DeletedUser, deleted.RemoveMessages, s.now())
	if err != nil {
		return err
	}
	dms, err := dmsOf(tx, deleted.Username)
	if err != nil {
		return err
	}
	others := map[string]string{}
	for _, d := range dms {
		others[d.id] = d.other
	}
	tx.AfterCommit(func() {
		s.tell(blockers, wire.UserUnblocked{Peer: wire.Peer{Username: deleted.Username}}, "")
		for id, other := range others {
			s.events.Publish(event.User(other), wire.DMStarted{DM: wire.DM{ID: id, Profile: wire.DeletedProfile()}})
		}
		for _, c := range changed {
			s.events.Publish(event.User(others[c.Conversation]), wire.ConversationChanged{
				Context: wire.ContextDM, ContextID: &c.Conversation, Seq: c.Seq})
		}
	})
	return nil
}
