package chat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/rpc"
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
						event.NotTo(username), event.Patient(), event.Once("presence-"+username+"-"+strconv.FormatUint(revision, 10)+"-"+id))
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

func (s *Service) onlineMembersOf(ctx context.Context, _ rpc.Caller, r contract.OnlineMembersRequest) (contract.OnlineMembersAnswer, error) {
	answer := contract.OnlineMembersAnswer{Online: map[string][]string{}}
	moment := s.onlineMoment()
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		for _, id := range r.ServerIDs {
			if answer.Online[id], err = s.keptOnlineMembers(tx, id, "", moment); err != nil {
				return err
			}
		}
		return nil
	})
	return answer, err
}

// onlineLists keeps who is online of each server for as long as nobody comes or goes
// and no members change. After a restart everybody logs in at once, and each is told
// who is online of all their fellows.
type onlineLists struct {
	changes atomic.Uint64 // of members, noted when they are committed and before they are told

	mu     sync.Mutex
	moment uint64              // to which the lists belong
	lists  map[string][]string // by server
}

// onlineMoment grows with whatever changes the lists. It is taken before the
// transaction that looks them up: what it finds is then at least as new.
func (s *Service) onlineMoment() uint64 { return s.online.changes.Load() + s.roster.Version() }

// keptOnlineMembers is onlineMembers, of the moment.
func (s *Service) keptOnlineMembers(tx *store.Tx, serverID, besides string, moment uint64) ([]string, error) {
	list, kept := s.online.of(serverID, moment)
	if !kept {
		var err error
		if list, err = s.onlineMembers(tx, serverID, ""); err != nil {
			return nil, err
		}
		s.online.keep(serverID, moment, list)
	}
	if at, found := slices.BinarySearch(list, besides); found {
		return slices.Delete(slices.Clone(list), at, at+1), nil
	}
	return list, nil
}

func (l *onlineLists) of(serverID string, moment uint64) (list []string, kept bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.moment == moment {
		list, kept = l.lists[serverID]
	}
	return list, kept
}

func (l *onlineLists) keep(serverID string, moment uint64, list []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if moment > l.moment || l.lists == nil {
		l.moment, l.lists = moment, map[string][]string{}
	}
	if moment == l.moment {
		l.lists[serverID] = list
	}
}
