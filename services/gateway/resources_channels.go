package gateway

import (
	"context"
	"net/http"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

const tagChannels = "Channels"

type channelList struct {
	Channels []wire.Channel `json:"channels"`
}

type channelBody struct {
	Channel wire.Channel `json:"channel"`
}

// channel is one channel of a server.
func (a *resources) channel(ctx context.Context, session contract.Session, serverID, channelID string) (channelBody, error) {
	server, err := a.server(ctx, session, serverID)
	if err != nil {
		return channelBody{}, err
	}
	for _, c := range server.Channels {
		if c.ID == channelID {
			return channelBody{Channel: c}, nil
		}
	}
	return channelBody{}, fault.New(fault.NotFound, "There is no such channel.")
}

func (a *resources) channels() {
	handle(a, operation(http.MethodGet, "/servers/{server_id}/channels", "list-channels", tagChannels, "A server's channels, in their order"),
		func(ctx context.Context, session contract.Session, in *InServer) (channelList, error) {
			server, err := a.server(ctx, session, in.ServerID)
			return channelList{Channels: server.Channels}, err
		})

	type newChannel struct {
		Name string `json:"name"`
		Type string `json:"type,omitempty" enum:"text,voice" doc:"Default: text."`
	}
	type createIn struct {
		InServer
		Body newChannel
	}
	handle(a, created(operation(http.MethodPost, "/servers/{server_id}/channels", "create-channel", tagChannels,
		"Make a channel; takes can_create_channel", http.StatusForbidden, http.StatusConflict)),
		func(ctx context.Context, session contract.Session, in *createIn) (channelBody, error) {
			made, err := rpc.Call(ctx, a.nc, contract.CreateChannel, callerOf(session),
				wire.CreateChannel{ServerID: in.ServerID, Name: in.Body.Name, ChannelType: in.Body.Type})
			return channelBody{Channel: made.Channel}, err
		})

	handle(a, operation(http.MethodGet, "/servers/{server_id}/channels/{channel_id}", "get-channel", tagChannels, "A channel"),
		func(ctx context.Context, session contract.Session, in *InChannel) (channelBody, error) {
			return a.channel(ctx, session, in.ServerID, in.ChannelID)
		})

	type channelChange struct {
		Name        *string `json:"name,omitempty" nullable:"false"`
		Description *string `json:"description,omitempty" nullable:"false"`
	}
	type updateIn struct {
		InChannel
		Body channelChange
	}
	handle(a, operation(http.MethodPatch, "/servers/{server_id}/channels/{channel_id}", "update-channel", tagChannels,
		"Change a channel's name or description; takes can_edit_channel", http.StatusForbidden),
		func(ctx context.Context, session contract.Session, in *updateIn) (channelBody, error) {
			_, err := rpc.Call(ctx, a.nc, contract.UpdateChannel, callerOf(session), wire.UpdateChannel{
				ServerID: in.ServerID, ChannelID: in.ChannelID, Name: in.Body.Name, Description: in.Body.Description,
			})
			if err != nil {
				return channelBody{}, err
			}
			return a.channel(ctx, session, in.ServerID, in.ChannelID)
		})

	effect(a, operation(http.MethodDelete, "/servers/{server_id}/channels/{channel_id}", "delete-channel", tagChannels,
		"Delete a channel with its messages; takes can_delete_channel", http.StatusForbidden),
		contract.DeleteChannel, func(in *InChannel) wire.DeleteChannel {
			return wire.DeleteChannel{ServerID: in.ServerID, ChannelID: in.ChannelID}
		})

	type channelOrder struct {
		ChannelIDs []string `json:"channel_ids" doc:"Every channel of the server, once."`
	}
	type orderIn struct {
		InServer
		Body channelOrder
	}
	effect(a, operation(http.MethodPut, "/servers/{server_id}/channel-order", "reorder-channels", tagChannels,
		"Put a server's channels in an order; takes can_edit_channel", http.StatusForbidden, http.StatusConflict),
		contract.ReorderChannels, func(in *orderIn) wire.ReorderChannels {
			return wire.ReorderChannels{ServerID: in.ServerID, ChannelIDs: in.Body.ChannelIDs}
		})
}
