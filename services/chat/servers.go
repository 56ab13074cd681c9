package chat

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/text"
	"decentra.local/pkg/wire"
)

// newID draws an id of 80 random bits: text without a slash.
func newID() string { return rand.Text()[:16] }

var errNoServer = fault.New(fault.NotFound, "There is no such server.")

// standing is what a member may do in a server.
type standing struct {
	owner string
	wire.Permissions
}

// standingOf finds the caller's standing; not_found for those who are no
// members.
func standingOf(tx *store.Tx, serverID, username string) (standing, error) {
	var st standing
	err := tx.QueryRow(`SELECT s.owner, m.can_create_channel, m.can_edit_channel, m.can_delete_channel
		FROM member m JOIN server s ON s.id = m.server_id WHERE m.server_id = $1 AND m.username = $2`,
		serverID, username).Scan(&st.owner, &st.CreateChannel, &st.EditChannel, &st.DeleteChannel)
	if errors.Is(err, sql.ErrNoRows) {
		return st, errNoServer
	}
	if err != nil {
		return st, fmt.Errorf("find member: %w", err)
	}
	return st, nil
}

// mustOwn refuses everybody but the owner.
func mustOwn(tx *store.Tx, serverID, username string) error {
	st, err := standingOf(tx, serverID, username)
	if err == nil && st.owner != username {
		err = fault.New(fault.PermissionDenied, "Only the server's owner can do that.")
	}
	return err
}

// serversOf lists the servers of a user as that user sees them, or the one with
// the id, in the order of joining.
func serversOf(tx *store.Tx, username, serverID string) ([]wire.Server, error) {
	rows, err := tx.Query(`SELECT s.id, s.name, s.owner, m.joined, m.can_create_channel, m.can_edit_channel, m.can_delete_channel
		FROM member m JOIN server s ON s.id = m.server_id
		WHERE m.username = $1 AND ($2 = '' OR s.id = $2) ORDER BY m.joined, s.id`, username, serverID)
	if err != nil {
		return nil, fmt.Errorf("list servers: %w", err)
	}
	defer rows.Close()
	servers := []wire.Server{}
	for rows.Next() {
		s := wire.Server{Channels: []wire.Channel{}, Online: []string{}}
		var p wire.Permissions
		var joined int64
		if err := rows.Scan(&s.ID, &s.Name, &s.Owner, &joined, &p.CreateChannel, &p.EditChannel, &p.DeleteChannel); err != nil {
			return nil, fmt.Errorf("read server: %w", err)
		}
		s.JoinedAt = wire.MicroTime(joined)
		if s.Owner != username {
			s.Permissions = &p
		}
		servers = append(servers, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list servers: %w", err)
	}
	for i := range servers {
		if servers[i].Channels, err = channelsOf(tx, servers[i].ID); err != nil {
			return nil, err
		}
	}
	return servers, nil
}

// serverFor is one server as a member sees it.
func serverFor(tx *store.Tx, serverID, username string) (wire.Server, error) {
	servers, err := serversOf(tx, username, serverID)
	if err != nil {
		return wire.Server{}, err
	}
	if serverID == "" || len(servers) == 0 {
		return wire.Server{}, errNoServer
	}
	return servers[0], nil
}

func (s *Service) topics(ctx context.Context, caller rpc.Caller, r contract.SnapshotRequest) (contract.TopicsAnswer, error) {
	answer := contract.TopicsAnswer{ServerIDs: []string{}}
	if err := s.facts.UpTo(ctx, r.AtLeast); err != nil {
		return answer, err
	}
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		answer.ServerIDs, err = serverIDs(tx, caller.User)
		return err
	})
	return answer, err
}

func (s *Service) snapshot(ctx context.Context, caller rpc.Caller, r contract.SnapshotRequest) (contract.ChatState, error) {
	var state contract.ChatState
	if err := s.facts.UpTo(ctx, r.AtLeast); err != nil {
		return state, err
	}
	moment := s.onlineMoment()
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if state.Servers, err = serversOf(tx, caller.User, ""); err != nil {
			return err
		}
		if !r.WithoutLobby {
			if state.Lobby, state.LobbyMark, err = s.lobbyUnless(tx, r.LobbyMark); err != nil {
				return err
			}
		}
		if state.Read, err = readProgress(tx, state.Servers, caller.User); err != nil {
			return err
		}
		for i := range state.Servers {
			if r.WithoutOnline {
				break
			}
			if state.Servers[i].Online, err = s.keptOnlineMembers(tx, state.Servers[i].ID, caller.User, moment); err != nil {
				return err
			}
		}
		return nil
	})
	return state, err
}

func (s *Service) createServer(ctx context.Context, caller rpc.Caller, r wire.CreateServer) (wire.ServerCreated, error) {
	name, err := text.Name("server name", r.Name, wire.Bounds.ServerName)
	if err != nil {
		return wire.ServerCreated{}, err
	}
	id := newID()
	var created wire.ServerCreated
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mayJoinAnother(tx, caller.User); err != nil {
			return err
		}
		now := s.now().UnixMicro()
		if _, err := tx.Exec(`INSERT INTO server (id, name, owner, created) VALUES ($1, $2, $3, $4)`,
			id, name, caller.User, now); err != nil {
			return fmt.Errorf("insert server: %w", err)
		}
		if _, err := tx.Exec(`INSERT INTO member (server_id, username, joined) VALUES ($1, $2, $3)`,
			id, caller.User, now); err != nil {
			return fmt.Errorf("insert owner: %w", err)
		}
		if _, err := s.addChannel(tx, id, "general", wire.ChannelText); err != nil {
			return err
		}
		server, err := serverFor(tx, id, caller.User)
		if err != nil {
			return err
		}
		created = wire.ServerCreated{Server: server}
		joined, err := s.joined(tx, server, caller.User)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() {
			s.online.changes.Add(1)
			s.events.Publish(event.User(caller.User), joined,
				event.Attach(event.Server(id)), event.Answers(caller.Connection))
		})
		return nil
	})
	return created, err
}

// mayJoinAnother bounds the servers of a user, who must still be there.
func mayJoinAnother(tx *store.Tx, username string) error {
	if err := mustLive(tx, username); err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow(`SELECT count(*) FROM member WHERE username = $1`, username).Scan(&n); err != nil {
		return fmt.Errorf("count memberships: %w", err)
	}
	if n >= wire.Bounds.Servers {
		return fault.New(fault.Conflict, "One can be in at most %d servers.", wire.Bounds.Servers)
	}
	return nil
}

func (s *Service) renameServer(ctx context.Context, caller rpc.Caller, r wire.RenameServer) (contract.Nothing, error) {
	name, err := text.Name("server name", r.Name, wire.Bounds.ServerName)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustOwn(tx, r.ServerID, caller.User); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE server SET name = $1 WHERE id = $2`, name, r.ServerID); err != nil {
			return fmt.Errorf("rename server: %w", err)
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.Server(r.ServerID), wire.ServerRenamed{ServerID: r.ServerID, Name: name})
		})
		return nil
	})
}
