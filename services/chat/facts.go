package chat

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fact"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// apply takes a fact of auth's into chat's own state.
func (s *Service) apply(tx *store.Tx, f fact.Fact) error {
	switch f.Kind {
	case contract.FactServerInvited:
		return fact.With(f, func(invited contract.ServerInvited) error { return s.addMember(tx, invited) })
	case contract.FactProfileChanged:
		return fact.With(f, func(changed contract.ProfileChanged) error {
			return s.tellFellows(tx, changed.Profile.Username, wire.AvatarUpdate{Profile: changed.Profile},
				"profile-"+strconv.FormatInt(f.Number, 10))
		})
	case contract.FactAccountDeleted:
		return fact.With(f, func(deleted contract.AccountDeleted) error { return s.forget(tx, deleted) })
	default:
		return nil
	}
}

// tellFellows tells the members of a user's servers, each once, and not the user.
func (s *Service) tellFellows(tx *store.Tx, username string, frame wire.Frame, occasion string) error {
	ids, err := serverIDs(tx, username)
	if err != nil {
		return err
	}
	tx.AfterCommit(func() {
		for _, id := range ids {
			s.events.Publish(event.Server(id), frame, event.NotTo(username), event.Once(occasion))
		}
	})
	return nil
}

// mustLive refuses who is gone: what they, or others about them, had begun before
// their account was deleted.
func mustLive(tx *store.Tx, username string) error {
	var gone bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM departed WHERE username = $1)`, username).Scan(&gone); err != nil {
		return fmt.Errorf("look for a deleted account: %w", err)
	}
	if gone {
		return fault.New(fault.NotFound, "There is no user %.64s.", username)
	}
	return nil
}

func serverIDs(tx *store.Tx, username string) ([]string, error) {
	ids := []string{}
	rows, err := tx.Query(`SELECT server_id FROM member WHERE username = $1 ORDER BY server_id`, username)
	if err != nil {
		return nil, fmt.Errorf("list memberships: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read membership: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// forget ends all that a deleted account had: its servers go to the member who is
// there longest, or away when there is none; its messages lose its name.
func (s *Service) forget(tx *store.Tx, deleted contract.AccountDeleted) error {
	ids, err := serverIDs(tx, deleted.Username)
	if err != nil {
		return err
	}
	for _, id := range ids {
		st, err := standingOf(tx, id, deleted.Username)
		if err != nil {
			return err
		}
		if st.owner == deleted.Username {
			heir, err := longestMember(tx, id, deleted.Username)
			if err != nil {
				return err
			}
			if heir == "" {
				if err := s.removeServer(tx, id); err != nil {
					return err
				}
				continue
			}
			if err := s.handOver(tx, id, deleted.Username, heir); err != nil {
				return err
			}
		}
		if err := s.removeMember(tx, id, deleted.Username, reasonLeft); err != nil {
			return err
		}
	}
	for _, query := range []string{
		`DELETE FROM ban WHERE username = $1`,
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
	tx.AfterCommit(func() {
		for _, c := range changed {
			s.tellChanged(c)
		}
	})
	return nil
}

func (s *Service) tellChanged(c convlog.Changed) {
	if c.Conversation == lobbyLog {
		s.events.Publish(event.Everyone, wire.ConversationChanged{Context: wire.ContextGlobal, Seq: c.Seq})
		return
	}
	serverID, _, _ := strings.Cut(c.Conversation, "/")
	s.events.Publish(event.Server(serverID), wire.ConversationChanged{
		Context: wire.ContextServer, ContextID: &c.Conversation, Seq: c.Seq})
}

// longestMember is who joined a server first, besides one.
func longestMember(tx *store.Tx, serverID, besides string) (string, error) {
	var username string
	err := tx.QueryRow(`SELECT username FROM member WHERE server_id = $1 AND username <> $2
		ORDER BY joined, username LIMIT 1`, serverID, besides).Scan(&username)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the longest member: %w", err)
	}
	return username, nil
}
