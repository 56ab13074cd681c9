package chat

import (
	"context"
	"fmt"
	"strconv"

	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// presenceChanged tells a user's fellow members that they came or went.
func (s *Service) presenceChanged(username string, online bool, revision uint64) {
	err := s.db.View(context.Background(), func(tx *store.Tx) error {
		ids, err := serverIDs(tx, username)
		if err != nil {
			return err
		}
		s.tellServers(ids, username, wire.Presence{Username: username, Online: online},
			"presence-"+strconv.FormatUint(revision, 10))
		return nil
	})
	if err != nil {
		s.log.Warn("presence not told", "error", err)
	}
}

// onlineFellows lists who is online of the members of a user's servers, but for
// the user.
func (s *Service) onlineFellows(tx *store.Tx, username string) ([]string, error) {
	return s.online(tx, username, `SELECT DISTINCT other.username FROM member mine
		JOIN member other ON other.server_id = mine.server_id WHERE mine.username = $1`, username)
}

// onlineMembers lists who is online of one server's members, but for one.
func (s *Service) onlineMembers(tx *store.Tx, serverID, besides string) ([]string, error) {
	return s.online(tx, besides, `SELECT username FROM member WHERE server_id = $1 ORDER BY username`, serverID)
}

// online picks those of the names that a query lists.
func (s *Service) online(tx *store.Tx, besides, query string, args ...any) ([]string, error) {
	rows, err := tx.Query(query, args...)
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
		if name != besides && s.roster.Online(name) {
			online = append(online, name)
		}
	}
	return online, rows.Err()
}
