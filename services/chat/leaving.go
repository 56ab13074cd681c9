package chat

import (
	"context"
	"errors"
	"fmt"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// Why somebody is in a server no more.
const (
	reasonLeft    = "left"
	reasonKicked  = "kicked"
	reasonBanned  = "banned"
	reasonDeleted = "deleted"
)

// removeMember ends a membership and tells everybody concerned; not_found for
// who is no member.
func (s *Service) removeMember(tx *store.Tx, serverID, username, reason string) error {
	server, err := serverFor(tx, serverID, username)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM member WHERE server_id = $1 AND username = $2`, serverID, username); err != nil {
		return fmt.Errorf("delete member: %w", err)
	}
	for _, c := range server.Channels {
		if err := convlog.ForgetReader(tx, channelLog(serverID, c.ID), username); err != nil {
			return err
		}
	}
	words := map[string]string{reasonLeft: " left the server", reasonKicked: " was removed from the server", reasonBanned: " was banned from the server"}
	notice := s.noticeIn(server, username+words[reason])
	tx.AfterCommit(func() {
		s.online.changes.Add(1)
		// The one who goes hears nothing of the server after this.
		topic := event.Server(serverID)
		s.events.Publish(event.User(username), wire.ServerLeft{ServerID: serverID, Reason: reason}, event.Detach(topic))
		s.events.Publish(topic, wire.MemberLeft{ServerID: serverID, Username: username})
		s.tellMembership(contract.Membership{ServerID: serverID})
		s.events.Publish(topic, notice)
	})
	return nil
}

func (s *Service) leaveServer(ctx context.Context, caller rpc.Caller, r wire.LeaveServer) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		st, err := standingOf(tx, r.ServerID, caller.User)
		if err != nil {
			return err
		}
		if st.owner == caller.User {
			return fault.New(fault.Conflict, "The owner can't leave. Hand the server over or delete it.")
		}
		return s.removeMember(tx, r.ServerID, caller.User, reasonLeft)
	})
}

// deleteServer takes the server away with everything in it. Its invite codes
// are revoked as far as auth answers; without it they lead nowhere anyway.
func (s *Service) deleteServer(ctx context.Context, caller rpc.Caller, r wire.DeleteServer) (contract.Nothing, error) {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustOwn(tx, r.ServerID, caller.User); err != nil {
			return err
		}
		return s.removeServer(tx, r.ServerID)
	})
	if err != nil {
		return contract.Nothing{}, err
	}
	_, err = rpc.Call(ctx, s.nc, contract.RevokeServerInvites, caller, contract.RevokeServerInvitesRequest{ServerID: r.ServerID})
	if err != nil {
		s.log.Warn("invites of a deleted server not revoked", "request_id", rpc.RequestOf(ctx), "error", err)
	}
	return contract.Nothing{}, nil
}

func (s *Service) removeServer(tx *store.Tx, serverID string) error {
	channels, err := channelsOf(tx, serverID)
	if err != nil {
		return err
	}
	for _, c := range channels {
		if err := removeChannel(tx, serverID, c.ID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`DELETE FROM server WHERE id = $1`, serverID); err != nil {
		return fmt.Errorf("delete server: %w", err)
	}
	tx.AfterCommit(func() {
		s.online.changes.Add(1)
		topic := event.Server(serverID)
		s.events.Publish(topic, wire.ServerLeft{ServerID: serverID, Reason: reasonDeleted}, event.Detach(topic))
		s.tellMembership(contract.Membership{ServerID: serverID})
	})
	return nil
}

func (s *Service) transferServer(ctx context.Context, caller rpc.Caller, r wire.TransferServer) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustOwn(tx, r.ServerID, caller.User); err != nil {
			return err
		}
		if r.Username == caller.User {
			return fault.New(fault.Conflict, "You own this server already.")
		}
		if err := mustBeMember(tx, r.ServerID, r.Username); err != nil {
			return err
		}
		return s.handOver(tx, r.ServerID, caller.User, r.Username)
	})
}

// handOver makes another member the owner; the former one keeps all permissions.
func (s *Service) handOver(tx *store.Tx, serverID, from, to string) error {
	if _, err := tx.Exec(`UPDATE server SET owner = $1 WHERE id = $2`, to, serverID); err != nil {
		return fmt.Errorf("set owner: %w", err)
	}
	all := wire.Permissions{CreateChannel: true, EditChannel: true, DeleteChannel: true}
	_, err := tx.Exec(`UPDATE member SET can_create_channel = $1, can_edit_channel = $2, can_delete_channel = $3
		WHERE server_id = $4 AND username = $5`, all.CreateChannel, all.EditChannel, all.DeleteChannel, serverID, from)
	if err != nil {
		return fmt.Errorf("set permissions: %w", err)
	}
	tx.AfterCommit(func() {
		s.events.Publish(event.Server(serverID), wire.ServerOwnerChanged{
			ServerID: serverID, Owner: to, FormerOwner: from, Permissions: all})
	})
	return nil
}

func mustBeMember(tx *store.Tx, serverID, username string) error {
	_, err := standingOf(tx, serverID, username)
	if errors.Is(err, errNoServer) {
		return fault.New(fault.NotFound, "There is no member %.64s in this server.", username)
	}
	return err
}

func (s *Service) kickMember(ctx context.Context, caller rpc.Caller, r wire.KickMember) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustOwn(tx, r.ServerID, caller.User); err != nil {
			return err
		}
		if r.Username == caller.User {
			return fault.New(fault.Conflict, "You can't remove yourself.")
		}
		if err := mustBeMember(tx, r.ServerID, r.Username); err != nil {
			return err
		}
		return s.removeMember(tx, r.ServerID, r.Username, reasonKicked)
	})
}

func isBanned(tx *store.Tx, serverID, username string) (bool, error) {
	var banned bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM ban WHERE server_id = $1 AND username = $2)`, serverID, username).Scan(&banned)
	if err != nil {
		return false, fmt.Errorf("look for a ban: %w", err)
	}
	return banned, nil
}

// banMember keeps somebody out, a member or not. The name must be a user's: auth
// knows its spelling.
func (s *Service) banMember(ctx context.Context, caller rpc.Caller, r wire.BanMember) (contract.Nothing, error) {
	err := s.db.View(ctx, func(tx *store.Tx) error { return mustOwn(tx, r.ServerID, caller.User) })
	if err != nil {
		return contract.Nothing{}, err
	}
	found, err := rpc.Call(ctx, s.nc, contract.Profiles, rpc.Caller{}, contract.ProfilesRequest{Usernames: []string{r.Username}})
	if err != nil {
		return contract.Nothing{}, err
	}
	if len(found.Profiles) == 0 {
		return contract.Nothing{}, fault.New(fault.NotFound, "There is no user %.64s.", r.Username)
	}
	username := found.Profiles[0].Username
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustOwn(tx, r.ServerID, caller.User); err != nil {
			return err
		}
		if username == caller.User {
			return fault.New(fault.Conflict, "You can't ban yourself.")
		}
		if err := mustLive(tx, username); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO ban (server_id, username, created) VALUES ($1, $2, $3)`, r.ServerID, username, s.now().UnixMicro())
		if store.IsUnique(err) {
			return fault.New(fault.Conflict, "You have banned %s already.", username)
		}
		if err != nil {
			return fmt.Errorf("insert ban: %w", err)
		}
		err = s.removeMember(tx, r.ServerID, username, reasonBanned)
		if errors.Is(err, errNoServer) {
			return nil // no member: kept out all the same
		}
		return err
	})
}

func (s *Service) unbanMember(ctx context.Context, caller rpc.Caller, r wire.UnbanMember) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustOwn(tx, r.ServerID, caller.User); err != nil {
			return err
		}
		result, err := tx.Exec(`DELETE FROM ban WHERE server_id = $1 AND username = $2`, r.ServerID, r.Username)
		if err != nil {
			return fmt.Errorf("delete ban: %w", err)
		}
		n, err := result.RowsAffected()
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "You have not banned %.64s.", r.Username)
		}
		return err
	})
}

func (s *Service) bans(ctx context.Context, caller rpc.Caller, r wire.GetServerBans) (wire.ServerBans, error) {
	answer := wire.ServerBans{ServerID: r.ServerID, Bans: []wire.Ban{}}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		if err := mustOwn(tx, r.ServerID, caller.User); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT username, created FROM ban WHERE server_id = $1 ORDER BY username`, r.ServerID)
		if err != nil {
			return fmt.Errorf("list bans: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var ban wire.Ban
			var created int64
			if err := rows.Scan(&ban.Username, &created); err != nil {
				return fmt.Errorf("read ban: %w", err)
			}
			ban.BannedAt = wire.MicroTime(created)
			answer.Bans = append(answer.Bans, ban)
		}
		return rows.Err()
	})
	return answer, err
}
