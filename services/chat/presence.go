package chat

import (
	"context"
	"fmt"
	"strconv"

	"decentra.local/pkg/event"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// presenceChanged tells the members of each of a user's servers that they came or
// went: in line with what else is told of members, so that nobody hears of one
// who has left.
func (s *Service) presenceChanged(username string, online bool, revision uint64) {
	err := s.db.Update(context.Background(), func(tx *store.Tx) error {
		ids, err := serverIDs(tx, username)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() {
			for _, id := range ids {
				s.events.Publish(event.Server(id), wire.Presence{Username: username, Online: online, ServerID: id},
					event.NotTo(username), event.Once("presence-"+strconv.FormatUint(revision, 10)+"-"+id))
			}
		})
		return nil
	})
	if err != nil {
		s.log.Warn("presence not told", "error", err)
	}
}

// onlineMembers lists who is online of a server's members, but for one.
func (s *Service) onlineMembers(tx *store.Tx, serverID, besides string) ([]string, error) {
	rows, err := tx.Query(`SELECT username FROM member WHERE server_id = $1 AND username <> $2 ORDER BY username`, serverID, besides)
	if err != nil {
		return nil, fmt.Errorf("list fellow members: %w", err)
	}
	defer rows.Close()
	online := []string{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("read fellow member: %w", err)
		}
		if s.roster.Online(name) {
			online = append(online, name)
		}
	}
	return online, rows.Err()
}
