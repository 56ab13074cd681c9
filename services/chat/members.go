package chat

import (
	"context"
	"fmt"
	"slices"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

func (s *Service) generateInvite(ctx context.Context, caller rpc.Caller, r wire.GenerateServerInvite) (wire.ServerInviteCode, error) {
	err := s.db.View(ctx, func(tx *store.Tx) error { return mustOwn(tx, r.ServerID, caller.User) })
	if err != nil {
		return wire.ServerInviteCode{}, err
	}
	made, err := rpc.Call(ctx, s.nc, contract.MakeServerInvite, caller,
		contract.MakeServerInviteRequest{ServerID: r.ServerID, InviteTerms: r.InviteTerms})
	return wire.ServerInviteCode{ServerID: r.ServerID, Code: made.Code, Message: made.Message}, err
}

func (s *Service) getInvites(ctx context.Context, caller rpc.Caller, r wire.GetServerInvites) (wire.ServerInvites, error) {
	answer := wire.ServerInvites{ServerID: r.ServerID, Invites: []wire.Invite{}}
	err := s.db.View(ctx, func(tx *store.Tx) error { return mustOwn(tx, r.ServerID, caller.User) })
	if err != nil {
		return answer, err
	}
	list, err := rpc.Call(ctx, s.nc, contract.ListServerInvites, caller, contract.MakeServerInviteRequest{ServerID: r.ServerID})
	if err == nil {
		answer.Invites = list.Invites
	}
	return answer, err
}

func (s *Service) revokeInvite(ctx context.Context, caller rpc.Caller, r wire.RevokeServerInvite) (contract.Nothing, error) {
	err := s.db.View(ctx, func(tx *store.Tx) error { return mustOwn(tx, r.ServerID, caller.User) })
	if err != nil {
		return contract.Nothing{}, err
	}
	if r.Code == "" {
		return contract.Nothing{}, fault.New(fault.Invalid, "The field code is missing.")
	}
	return rpc.Call(ctx, s.nc, contract.RevokeServerInvites, caller,
		contract.RevokeServerInvitesRequest{ServerID: r.ServerID, Code: r.Code})
}

func (s *Service) join(context.Context, rpc.Caller, wire.JoinServer) (contract.Nothing, error) {
	return contract.Nothing{}, fault.New(fault.PermissionDenied, "Joining a server takes an invite code.")
}

// joinWithInvite has auth use the code up; the fact that auth leaves makes the
// member, here as well as after a crash between the two.
func (s *Service) joinWithInvite(ctx context.Context, caller rpc.Caller, r wire.JoinServerWithInvite) (wire.ServerJoined, error) {
	code := contract.FindInviteRequest{Code: r.InviteCode}
	invite, err := rpc.Call(ctx, s.nc, contract.FindInvite, caller, code)
	if err != nil {
		return wire.ServerJoined{}, err
	}
	if invite.ServerID == "" {
		return wire.ServerJoined{}, fault.New(fault.NotFound, "This code is for making an account, not for a server.")
	}
	redeem := contract.RedeemInviteRequest{Code: r.InviteCode}
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		if redeem.Applied, err = s.facts.Applied(tx); err != nil {
			return err
		}
		if _, err := standingOf(tx, invite.ServerID, caller.User); err == nil {
			return fault.New(fault.Conflict, "You are a member of this server already.")
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
		var exists bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM server WHERE id = $1)`, invite.ServerID).Scan(&exists); err != nil {
			return fmt.Errorf("find server: %w", err)
		}
		if !exists {
			return errNoServer
		}
		if banned, err := isBanned(tx, invite.ServerID, caller.User); err != nil {
			return err
		} else if banned {
			return fault.New(fault.PermissionDenied, "You are banned from this server.")
		}
		return mayJoinAnother(tx, caller.User)
	})
	if err != nil {
		return wire.ServerJoined{}, err
	}
	redeemed, err := rpc.Call(ctx, s.nc, contract.RedeemInvite, caller, redeem)
	if err != nil {
		return wire.ServerJoined{}, err
	}
	if err := s.facts.UpTo(ctx, redeemed.Fact); err != nil {
		return wire.ServerJoined{}, err
	}
	var joined wire.ServerJoined
	err = s.db.View(ctx, func(tx *store.Tx) error {
		server, err := serverFor(tx, redeemed.ServerID, caller.User)
		if err != nil {
			return err
		}
		joined, err = s.joined(tx, server, caller.User)
		return err
	})
	return joined, err
}

// joined is what a new member is told of a server.
func (s *Service) joined(tx *store.Tx, server wire.Server, username string) (wire.ServerJoined, error) {
	read, err := readProgress(tx, []wire.Server{server}, username)
	if err != nil {
		return wire.ServerJoined{}, err
	}
	server.Online, err = s.onlineMembers(tx, server.ID, username)
	return wire.ServerJoined{Server: server, Read: read}, err
}

// addMember makes somebody a member, without any permissions. A server that is
// gone, a ban, or a member already, changes nothing.
func (s *Service) addMember(tx *store.Tx, invited contract.ServerInvited) error {
	if banned, err := isBanned(tx, invited.ServerID, invited.Username); err != nil || banned {
		return err
	}
	result, err := tx.Exec(`INSERT INTO member (server_id, username, joined)
		SELECT id, $2, $3 FROM server WHERE id = $1 ON CONFLICT (server_id, username) DO NOTHING`,
		invited.ServerID, invited.Username, s.now().UnixMicro())
	if err != nil {
		return fmt.Errorf("insert member: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	server, err := serverFor(tx, invited.ServerID, invited.Username)
	if err != nil {
		return err
	}
	notice := s.noticeIn(server, invited.Username+" joined the server")
	for _, c := range server.Channels {
		// What was said before is history, not news.
		if c.Type == wire.ChannelText {
			if err := convlog.MarkAllRead(tx, channelLog(server.ID, c.ID), invited.Username); err != nil {
				return err
			}
		}
	}
	joined, err := s.joined(tx, server, invited.Username)
	if err != nil {
		return err
	}
	tx.AfterCommit(func() {
		s.online.changes.Add(1)
		// The others are told before the newcomer's connections are among them.
		topic := event.Server(server.ID)
		s.events.Publish(topic, wire.MemberJoined{ServerID: server.ID, Username: invited.Username})
		if s.roster.Online(invited.Username) {
			s.events.Publish(topic, wire.Presence{Username: invited.Username, Online: true, ServerID: server.ID})
		}
		s.events.Publish(topic, notice)
		s.events.Publish(event.User(invited.Username), joined,
			event.Attach(topic), event.Answers(invited.Connection))
		s.tellMembership(contract.Membership{ServerID: server.ID, Joined: invited.Username})
	})
	return nil
}

// noticeIn makes a notice in a server's first text channel.
func (s *Service) noticeIn(server wire.Server, content string) wire.System {
	notice := wire.System{Content: content, Timestamp: wire.MicroTime(s.now().UnixMicro()), Context: wire.ContextServer}
	i := slices.IndexFunc(server.Channels, func(c wire.Channel) bool { return c.Type == wire.ChannelText })
	if i >= 0 {
		id := channelLog(server.ID, server.Channels[i].ID)
		notice.ContextID = &id
	}
	return notice
}

func (s *Service) members(ctx context.Context, caller rpc.Caller, r wire.GetServerMembers) (wire.ServerMembers, error) {
	answer := wire.ServerMembers{ServerID: r.ServerID, Members: []wire.Member{}}
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if _, err = standingOf(tx, r.ServerID, caller.User); err != nil {
			return err
		}
		answer.Members, err = membersOf(tx, r.ServerID)
		return err
	})
	if err != nil {
		return answer, err
	}
	return answer, s.fillProfiles(ctx, answer.Members)
}

func membersOf(tx *store.Tx, serverID string) ([]wire.Member, error) {
	rows, err := tx.Query(`SELECT m.username, m.username = s.owner, m.can_create_channel, m.can_edit_channel, m.can_delete_channel
		FROM member m JOIN server s ON s.id = m.server_id
		WHERE m.server_id = $1 ORDER BY m.username <> s.owner, m.username`, serverID)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	defer rows.Close()
	members := []wire.Member{}
	for rows.Next() {
		var m wire.Member
		var p wire.Permissions
		if err := rows.Scan(&m.Username, &m.IsOwner, &p.CreateChannel, &p.EditChannel, &p.DeleteChannel); err != nil {
			return nil, fmt.Errorf("read member: %w", err)
		}
		m.Avatar = wire.DefaultAvatar()
		if !m.IsOwner {
			m.Permissions = &p
		}
		members = append(members, m)
	}
	return members, rows.Err()
}

// fillProfiles asks auth how the members look.
func (s *Service) fillProfiles(ctx context.Context, members []wire.Member) error {
	place := make(map[string]*wire.Member, len(members))
	for part := range slices.Chunk(members, 1000) {
		names := make([]string, len(part))
		for i := range part {
			names[i] = part[i].Username
			place[names[i]] = &part[i]
		}
		answer, err := rpc.Call(ctx, s.nc, contract.Profiles, rpc.Caller{}, contract.ProfilesRequest{Usernames: names})
		if err != nil {
			return err
		}
		for _, p := range answer.Profiles {
			if m := place[p.Username]; m != nil {
				m.Profile = p
			}
		}
	}
	return nil
}

func (s *Service) updatePermissions(ctx context.Context, caller rpc.Caller, r wire.UpdateUserPermissions) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustOwn(tx, r.ServerID, caller.User); err != nil {
			return err
		}
		if r.Username == caller.User {
			return fault.New(fault.Conflict, "The owner may do everything already.")
		}
		result, err := tx.Exec(`UPDATE member SET can_create_channel = $1, can_edit_channel = $2, can_delete_channel = $3
			WHERE server_id = $4 AND username = $5`,
			r.Permissions.CreateChannel, r.Permissions.EditChannel, r.Permissions.DeleteChannel, r.ServerID, r.Username)
		if err != nil {
			return fmt.Errorf("set permissions: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return fmt.Errorf("set permissions: %w", err)
			}
			return fault.New(fault.NotFound, "There is no member %.64s in this server.", r.Username)
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.User(r.Username), wire.PermissionsUpdated{ServerID: r.ServerID, Permissions: r.Permissions})
			s.events.Publish(event.User(caller.User), wire.PermissionsUpdatedSuccess{
				ServerID: r.ServerID, Username: r.Username, Permissions: r.Permissions})
		})
		return nil
	})
}
