package social

import (
	"context"
	"fmt"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

func areFriends(tx *store.Tx, a, b string) (bool, error) {
	first, second := pair(a, b)
	return exists(tx, `SELECT EXISTS (SELECT 1 FROM friendship WHERE first = $1 AND second = $2)`, first, second)
}

func hasAsked(tx *store.Tx, requester, asked string) (bool, error) {
	return exists(tx, `SELECT EXISTS (SELECT 1 FROM request WHERE requester = $1 AND asked = $2)`, requester, asked)
}

func exists(tx *store.Tx, query string, args ...any) (bool, error) {
	var found bool
	if err := tx.QueryRow(query, args...).Scan(&found); err != nil {
		return false, fmt.Errorf("look up: %w", err)
	}
	return found, nil
}

func listNames(tx *store.Tx, query string, args ...any) ([]string, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("list names: %w", err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("read name: %w", err)
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// befriend makes two people friends and ends the requests between them. It
// reports whether they were not friends before.
func (s *Service) befriend(tx *store.Tx, a, b string) (bool, error) {
	first, second := pair(a, b)
	result, err := tx.Exec(`INSERT INTO friendship (first, second, since) VALUES ($1, $2, $3)
		ON CONFLICT (first, second) DO NOTHING`, first, second, s.now().UnixMicro())
	if err != nil {
		return false, fmt.Errorf("insert friendship: %w", err)
	}
	_, err = tx.Exec(`DELETE FROM request WHERE (requester = $1 AND asked = $2) OR (requester = $2 AND asked = $1)`, a, b)
	if err != nil {
		return false, fmt.Errorf("end requests: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// welcome makes somebody who came by an invite a friend of whoever made it.
func (s *Service) welcome(tx *store.Tx, invited contract.AccountInvited) error {
	added, err := s.befriend(tx, invited.Inviter, invited.Username)
	if err != nil || !added {
		return err
	}
	newcomer := wire.NewProfile(invited.Username)
	tx.AfterCommit(func() { s.events.Publish(event.User(invited.Inviter), wire.FriendAdded{Profile: newcomer}) })
	s.introduce(tx, invited.Inviter, invited.Username)
	return nil
}

// addFriend makes friends at once, or asks, as the installation has it. Where
// the other has asked already, both wish it.
func (s *Service) addFriend(ctx context.Context, caller rpc.Caller, r wire.Peer) (contract.Nothing, error) {
	me, other, err := s.both(ctx, caller, r.Username)
	if err != nil {
		return contract.Nothing{}, err
	}
	if other.Username == me.Username {
		return contract.Nothing{}, fault.New(fault.Invalid, "That is you.")
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := asOfNow(tx, &me, &other); err != nil {
			return err
		}
		if friends, err := areFriends(tx, me.Username, other.Username); err != nil {
			return err
		} else if friends {
			return fault.New(fault.Conflict, "You and %s are friends already.", other.Username)
		}
		if asked, err := hasAsked(tx, me.Username, other.Username); err != nil {
			return err
		} else if asked {
			return fault.New(fault.Conflict, "You have asked %s already.", other.Username)
		}
		if blocked, err := hasBlocked(tx, me.Username, other.Username); err != nil {
			return err
		} else if blocked {
			return fault.New(fault.Conflict, "You have blocked %s.", other.Username)
		}
		if blocked, err := hasBlocked(tx, other.Username, me.Username); err != nil {
			return err
		} else if blocked {
			return errNoUser(r.Username)
		}
		wished, err := hasAsked(tx, other.Username, me.Username)
		if err != nil {
			return err
		}
		policy, err := s.policyOf(tx, other.Username)
		if err != nil {
			return err
		}
		if policy == wire.FriendsAsk && !wished {
			return s.ask(tx, me, other)
		}
		if _, err := s.befriend(tx, me.Username, other.Username); err != nil {
			return err
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.User(me.Username), wire.FriendAdded{Profile: other})
			s.events.Publish(event.User(other.Username), wire.FriendAdded{Profile: me})
		})
		s.introduce(tx, me.Username, other.Username)
		return nil
	})
}

func (s *Service) ask(tx *store.Tx, me, other wire.Profile) error {
	_, err := tx.Exec(`INSERT INTO request (requester, asked, created) VALUES ($1, $2, $3)`,
		me.Username, other.Username, s.now().UnixMicro())
	if err != nil {
		return fmt.Errorf("insert request: %w", err)
	}
	tx.AfterCommit(func() {
		s.events.Publish(event.User(me.Username), wire.FriendRequestSent{Profile: other})
		s.events.Publish(event.User(other.Username), wire.FriendRequestReceived{Profile: me})
	})
	return nil
}

func (s *Service) approve(ctx context.Context, caller rpc.Caller, r wire.Peer) (contract.Nothing, error) {
	me, other, err := s.both(ctx, caller, r.Username)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := asOfNow(tx, &me, &other); err != nil {
			return err
		}
		if err := s.endRequest(tx, other.Username, me.Username); err != nil {
			return err
		}
		if _, err := s.befriend(tx, me.Username, other.Username); err != nil {
			return err
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.User(me.Username), wire.FriendRequestApproved{Profile: other})
			s.events.Publish(event.User(other.Username), wire.FriendRequestAccepted{Profile: me})
		})
		s.introduce(tx, me.Username, other.Username)
		return nil
	})
}

func (s *Service) deny(ctx context.Context, caller rpc.Caller, r wire.Peer) (contract.Nothing, error) {
	me, other, err := s.both(ctx, caller, r.Username)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := s.endRequest(tx, other.Username, me.Username); err != nil {
			return err
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.User(me.Username), wire.FriendRequestDenied{Peer: wire.Peer{Username: other.Username}})
			s.events.Publish(event.User(other.Username), wire.FriendRequestCancelled{Peer: wire.Peer{Username: me.Username}})
		})
		return nil
	})
}

func (s *Service) cancel(ctx context.Context, caller rpc.Caller, r wire.Peer) (contract.Nothing, error) {
	me, other, err := s.both(ctx, caller, r.Username)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := s.endRequest(tx, me.Username, other.Username); err != nil {
			return err
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.User(me.Username), wire.FriendRequestCancelled{Peer: wire.Peer{Username: other.Username}})
			s.events.Publish(event.User(other.Username), wire.FriendRequestCancelledBySender{Peer: wire.Peer{Username: me.Username}})
		})
		return nil
	})
}

func (s *Service) endRequest(tx *store.Tx, requester, asked string) error {
	result, err := tx.Exec(`DELETE FROM request WHERE requester = $1 AND asked = $2`, requester, asked)
	if err != nil {
		return fmt.Errorf("end request: %w", err)
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "There is no such friend request.")
	}
	return err
}

// removeFriend ends a friendship. Their DM stays readable.
func (s *Service) removeFriend(ctx context.Context, caller rpc.Caller, r wire.Peer) (contract.Nothing, error) {
	me, other, err := s.both(ctx, caller, r.Username)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		first, second := pair(me.Username, other.Username)
		result, err := tx.Exec(`DELETE FROM friendship WHERE first = $1 AND second = $2`, first, second)
		if err != nil {
			return fmt.Errorf("delete friendship: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return fault.New(fault.NotFound, "You and %s are not friends.", other.Username)
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.User(me.Username), wire.FriendRemoved{Peer: wire.Peer{Username: other.Username}})
			s.events.Publish(event.User(other.Username), wire.FriendRemoved{Peer: wire.Peer{Username: me.Username}})
			s.tellFriendship()
		})
		return nil
	})
}
