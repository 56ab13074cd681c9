package chat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/text"
	"decentra.local/pkg/wire"
)

func channelsOf(tx *store.Tx, serverID string) ([]wire.Channel, error) {
	rows, err := tx.Query(`SELECT id, name, kind, description FROM channel WHERE server_id = $1 ORDER BY position`, serverID)
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	defer rows.Close()
	channels := []wire.Channel{}
	for rows.Next() {
		var c wire.Channel
		if err := rows.Scan(&c.ID, &c.Name, &c.Type, &c.Description); err != nil {
			return nil, fmt.Errorf("read channel: %w", err)
		}
		channels = append(channels, c)
	}
	return channels, rows.Err()
}

// addChannel puts a channel at the end of a server's list; a text channel gets
// its conversation.
func (s *Service) addChannel(tx *store.Tx, serverID, name, kind string) (wire.Channel, error) {
	channel := wire.Channel{ID: newID(), Name: name, Type: kind}
	var count, position int64
	err := tx.QueryRow(`SELECT count(*), coalesce(max(position), 0) + 1 FROM channel WHERE server_id = $1`, serverID).
		Scan(&count, &position)
	if err != nil {
		return channel, fmt.Errorf("count channels: %w", err)
	}
	if count >= int64(wire.Bounds.Channels) {
		return channel, fault.New(fault.Conflict, "A server can have at most %d channels.", wire.Bounds.Channels)
	}
	_, err = tx.Exec(`INSERT INTO channel (id, server_id, name, kind, position, created) VALUES ($1, $2, $3, $4, $5, $6)`,
		channel.ID, serverID, name, kind, position, s.now().UnixMicro())
	if err != nil {
		return channel, fmt.Errorf("insert channel: %w", err)
	}
	if kind == wire.ChannelText {
		err = convlog.Create(tx, channelLog(serverID, channel.ID))
	}
	return channel, err
}

func (s *Service) createChannel(ctx context.Context, caller rpc.Caller, r wire.CreateChannel) (wire.ChannelCreated, error) {
	created := wire.ChannelCreated{ServerID: r.ServerID}
	if r.ChannelType == "" {
		r.ChannelType = wire.ChannelText
	}
	if r.ChannelType != wire.ChannelText && r.ChannelType != wire.ChannelVoice {
		return created, fault.New(fault.Invalid, "A channel is of type text or voice.")
	}
	name, err := text.Name("channel name", r.Name, wire.Bounds.ChannelName)
	if err != nil {
		return created, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustBeAllowed(tx, r.ServerID, caller.User, "create", canCreate); err != nil {
			return err
		}
		created.Channel, err = s.addChannel(tx, r.ServerID, name, r.ChannelType)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() { s.events.Publish(event.Server(r.ServerID), created) })
		return nil
	})
	return created, err
}

func (s *Service) createVoiceChannel(ctx context.Context, caller rpc.Caller, r wire.CreateVoiceChannel) (wire.ChannelCreated, error) {
	return s.createChannel(ctx, caller, wire.CreateChannel{ServerID: r.ServerID, Name: r.Name, ChannelType: wire.ChannelVoice})
}

// mustBeAllowed refuses members who are neither the owner nor have a permission.
func mustBeAllowed(tx *store.Tx, serverID, username, what string, has func(wire.Permissions) bool) error {
	st, err := standingOf(tx, serverID, username)
	if err != nil {
		return err
	}
	if st.owner != username && !has(st.Permissions) {
		return fault.New(fault.PermissionDenied, "You can't %s channels in this server.", what)
	}
	return nil
}

func canCreate(p wire.Permissions) bool { return p.CreateChannel }
func canEdit(p wire.Permissions) bool   { return p.EditChannel }
func canDelete(p wire.Permissions) bool { return p.DeleteChannel }

// channelIn finds a channel of a server.
func channelIn(tx *store.Tx, serverID, channelID string) (wire.Channel, error) {
	c := wire.Channel{ID: channelID}
	err := tx.QueryRow(`SELECT name, kind, description FROM channel WHERE server_id = $1 AND id = $2`, serverID, channelID).
		Scan(&c.Name, &c.Type, &c.Description)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errNoChannel
	}
	if err != nil {
		return c, fmt.Errorf("find channel: %w", err)
	}
	return c, nil
}

func (s *Service) updateChannel(ctx context.Context, caller rpc.Caller, r wire.UpdateChannel) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustBeAllowed(tx, r.ServerID, caller.User, "edit", canEdit); err != nil {
			return err
		}
		channel, err := channelIn(tx, r.ServerID, r.ChannelID)
		if err != nil {
			return err
		}
		if r.Name != nil {
			if channel.Name, err = text.Name("channel name", *r.Name, wire.Bounds.ChannelName); err != nil {
				return err
			}
		}
		if r.Description != nil {
			if channel.Description, err = text.Optional("description", *r.Description, wire.Bounds.Description); err != nil {
				return err
			}
		}
		_, err = tx.Exec(`UPDATE channel SET name = $1, description = $2 WHERE id = $3`, channel.Name, channel.Description, channel.ID)
		if err != nil {
			return fmt.Errorf("update channel: %w", err)
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.Server(r.ServerID), wire.ChannelUpdated{ServerID: r.ServerID, Channel: channel})
		})
		return nil
	})
}

func (s *Service) reorderChannels(ctx context.Context, caller rpc.Caller, r wire.ReorderChannels) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustBeAllowed(tx, r.ServerID, caller.User, "edit", canEdit); err != nil {
			return err
		}
		channels, err := channelsOf(tx, r.ServerID)
		if err != nil {
			return err
		}
		var have []string
		for _, c := range channels {
			have = append(have, c.ID)
		}
		if !slices.Equal(slices.Sorted(slices.Values(have)), slices.Sorted(slices.Values(r.ChannelIDs))) {
			return fault.New(fault.Conflict, "The list must have every channel of the server once.")
		}
		for i, id := range r.ChannelIDs {
			if _, err := tx.Exec(`UPDATE channel SET position = $1 WHERE id = $2`, i+1, id); err != nil {
				return fmt.Errorf("move channel: %w", err)
			}
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.Server(r.ServerID), wire.ChannelsReordered(r))
		})
		return nil
	})
}

func (s *Service) deleteChannel(ctx context.Context, caller rpc.Caller, r wire.DeleteChannel) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustBeAllowed(tx, r.ServerID, caller.User, "delete", canDelete); err != nil {
			return err
		}
		if _, err := channelIn(tx, r.ServerID, r.ChannelID); err != nil {
			return err
		}
		if err := removeChannel(tx, r.ServerID, r.ChannelID); err != nil {
			return err
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.Server(r.ServerID), wire.ChannelDeleted(r))
			s.tellMembership(contract.Membership{ServerID: r.ServerID})
		})
		return nil
	})
}

func removeChannel(tx *store.Tx, serverID, channelID string) error {
	if err := convlog.Remove(tx, channelLog(serverID, channelID)); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM channel WHERE id = $1`, channelID); err != nil {
		return fmt.Errorf("delete channel: %w", err)
	}
	return nil
}
