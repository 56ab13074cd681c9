package chat

import (
	"context"
	"fmt"

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
	rows, err := tx.Query(`SELECT id, name, kind FROM channel WHERE server_id = $1 ORDER BY position`, serverID)
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	defer rows.Close()
	channels := []wire.Channel{}
	for rows.Next() {
		var c wire.Channel
		if err := rows.Scan(&c.ID, &c.Name, &c.Type); err != nil {
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

func (s *Service) createChannel(ctx context.Context, caller rpc.Caller, r wire.CreateChannel) (contract.Nothing, error) {
	if r.ChannelType == "" {
		r.ChannelType = wire.ChannelText
	}
	if r.ChannelType != wire.ChannelText && r.ChannelType != wire.ChannelVoice {
		return contract.Nothing{}, fault.New(fault.Invalid, "A channel is of type text or voice.")
	}
	name, err := text.Name("channel name", r.Name, wire.Bounds.ChannelName)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		st, err := standingOf(tx, r.ServerID, caller.User)
		if err != nil {
			return err
		}
		if st.owner != caller.User && !st.CreateChannel {
			return fault.New(fault.PermissionDenied, "You can't create channels in this server.")
		}
		channel, err := s.addChannel(tx, r.ServerID, name, r.ChannelType)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.Server(r.ServerID), wire.ChannelCreated{ServerID: r.ServerID, Channel: channel})
		})
		return nil
	})
}

func (s *Service) createVoiceChannel(ctx context.Context, caller rpc.Caller, r wire.CreateVoiceChannel) (contract.Nothing, error) {
	return s.createChannel(ctx, caller, wire.CreateChannel{ServerID: r.ServerID, Name: r.Name, ChannelType: wire.ChannelVoice})
}
