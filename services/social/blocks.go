package social

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

func hasBlocked(tx *store.Tx, blocker, blocked string) (bool, error) {
	return exists(tx, `SELECT EXISTS (SELECT 1 FROM block WHERE blocker = $1 AND blocked = $2)`, blocker, blocked)
}

// block ends what is between two people. The blocked one is told of a friend less
// and of requests withdrawn or denied, not of the block.
func (s *Service) block(ctx context.Context, caller rpc.Caller, r wire.Peer) (contract.Nothing, error) {
	me, other, err := s.both(ctx, caller, r.Username)
	if err != nil {
		return contract.Nothing{}, err
	}
	if me.Username == other.Username {
		return contract.Nothing{}, fault.New(fault.Invalid, "That is you.")
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := asOfNow(tx, &me, &other); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO block (blocker, blocked, created) VALUES ($1, $2, $3)`,
			me.Username, other.Username, s.now().UnixMicro())
		if store.IsUnique(err) {
			return fault.New(fault.Conflict, "You have blocked %s already.", other.Username)
		}
		if err != nil {
			return fmt.Errorf("insert block: %w", err)
		}
		if err := s.part(tx, me.Username, other.Username); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.events.Publish(event.User(me.Username), wire.UserBlocked{Profile: other}) })
		return nil
	})
}

// part ends the friendship of two people and the requests between them, and tells
// both what they see of it.
func (s *Service) part(tx *store.Tx, a, b string) error {
	tell := func(user string, frame wire.Frame) {
		tx.AfterCommit(func() { s.events.Publish(event.User(user), frame) })
	}
	first, second := pair(a, b)
	result, err := tx.Exec(`DELETE FROM friendship WHERE first = $1 AND second = $2`, first, second)
	if err != nil {
		return fmt.Errorf("delete friendship: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n > 0 {
		tell(a, wire.FriendRemoved{Peer: wire.Peer{Username: b}})
		tell(b, wire.FriendRemoved{Peer: wire.Peer{Username: a}})
		tx.AfterCommit(s.tellFriendship)
	}
	for _, request := range [][2]string{{a, b}, {b, a}} {
		requester, asked := request[0], request[1]
		err := s.endRequest(tx, requester, asked)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		tell(requester, wire.FriendRequestCancelled{Peer: wire.Peer{Username: asked}})
		tell(asked, wire.FriendRequestCancelledBySender{Peer: wire.Peer{Username: requester}})
	}
	return nil
}

func (s *Service) unblock(ctx context.Context, caller rpc.Caller, r wire.Peer) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		result, err := tx.Exec(`DELETE FROM block WHERE blocker = $1 AND blocked = $2`, caller.User, r.Username)
		if err != nil {
			return fmt.Errorf("delete block: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return fault.New(fault.NotFound, "You have not blocked %.64s.", r.Username)
		}
		tx.AfterCommit(func() { s.events.Publish(event.User(caller.User), wire.UserUnblocked{Peer: r}) })
		return nil
	})
}

// policyOf is how others become a user's friends.
func (s *Service) policyOf(tx *store.Tx, username string) (string, error) {
	var policy string
	err := tx.QueryRow(`SELECT friends FROM setting WHERE username = $1`, username).Scan(&policy)
	if errors.Is(err, sql.ErrNoRows) {
		return s.config.Friends, nil
	}
	if err != nil {
		return "", fmt.Errorf("find setting: %w", err)
	}
	return policy, nil
}

func setPolicy(tx *store.Tx, username, policy string) error {
	_, err := tx.Exec(`INSERT INTO setting (username, friends) VALUES ($1, $2)
		ON CONFLICT (username) DO UPDATE SET friends = excluded.friends`, username, policy)
	if err != nil {
		return fmt.Errorf("store setting: %w", err)
	}
	return nil
}

func (s *Service) setFriendPolicy(ctx context.Context, caller rpc.Caller, r wire.SetFriendPolicy) (contract.Nothing, error) {
	if r.Friends != wire.FriendsInstant && r.Friends != wire.FriendsAsk {
		return contract.Nothing{}, fault.New(fault.Invalid, "The field friends must be instant or ask.")
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := setPolicy(tx, caller.User, r.Friends); err != nil {
			return err
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.User(caller.User), wire.SettingsUpdated{Settings: wire.Settings(r)})
		})
		return nil
	})
}
