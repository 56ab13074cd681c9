package chat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"decentra.local/pkg/event"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// presenceChanged tells the members of each of the users' servers that they came or
// went: in line with what else is told of members, so that nobody hears of one
// who has left.
func (s *Service) presenceChanged(users []string, online bool, revision uint64) {
	err := s.db.Update(context.Background(), func(tx *store.Tx) error {
		for _, username := range users {
			ids, err := serverIDs(tx, username)
			if err != nil {
				return err
			}
			tx.AfterCommit(func() {
				for _, id := range ids {
					s.events.Publish(event.Server(id), wire.Presence{Username: username, Online: online, ServerID: id},
						event.NotTo(username), event.Once("presence-"+username+"-"+strconv.FormatUint(revision, 10)+"-"+id))
				}
			})
		}
		return nil
	})
	if err != nil {
		s.log.Warn("presence not told", "error", err)
	}
}

// onlineMembers lists who is online of a server's members, but for one. All names
// come in one row, which takes a fraction of the time of a row each; between them is
// what none has, those from elsewhere neither.
func (s *Service) onlineMembers(tx *store.Tx, serverID, besides string) ([]string, error) {
	var names string
	err := tx.QueryRow(`SELECT coalesce(string_agg(username, char(0)), '') FROM member WHERE server_id = $1`, serverID).Scan(&names)
	if err != nil {
		return nil, fmt.Errorf("list fellow members: %w", err)
	}
	online := []string{}
	for name := range strings.SplitSeq(names, "\x00") {
		if name != besides && s.roster.Online(name) {
			online = append(online, name)
		}
	}
	slices.Sort(online)
	return online, nil
}
