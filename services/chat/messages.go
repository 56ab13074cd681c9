package chat

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/conversation"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// lobbyLog is the lobby's conversation.
const lobbyLog = "global"

// channelLog is a channel's conversation, and its context id.
func channelLog(serverID, channelID string) string { return serverID + "/" + channelID }

var errNoChannel = fault.New(fault.NotFound, "There is no such channel.")

// channel finds a text channel for one of its members.
func channel(caller rpc.Caller, serverID, channelID string) conversation.Find {
	return func(tx *store.Tx) (conversation.Place, error) {
		var kind, owner string
		err := tx.Each(func(row []driver.Value) error {
			kind, owner = row[0].(string), row[1].(string)
			return nil
		}, `SELECT c.kind, s.owner FROM channel c
			JOIN server s ON s.id = c.server_id
			JOIN member m ON m.server_id = c.server_id AND m.username = $3
			WHERE c.id = $2 AND c.server_id = $1`, serverID, channelID, caller.User)
		if err != nil {
			return conversation.Place{}, fmt.Errorf("find channel: %w", err)
		}
		if kind == "" {
			return conversation.Place{}, errNoChannel
		}
		if kind != wire.ChannelText {
			return conversation.Place{}, fault.New(fault.Invalid, "This is a voice channel; it has no messages.")
		}
		id := channelLog(serverID, channelID)
		return conversation.Place{
			Log: id, Context: wire.ContextServer, ContextID: &id,
			Audience: []event.Topic{event.Server(serverID)}, Moderates: owner == caller.User,
		}, nil
	}
}

// lobby is for everybody who has an account.
func lobby(caller rpc.Caller) conversation.Find {
	return func(tx *store.Tx) (conversation.Place, error) {
		return conversation.Place{
			Log: lobbyLog, Context: wire.ContextGlobal,
			Audience: []event.Topic{event.Everyone}, Keep: wire.Bounds.LobbyHistory,
		}, mustLive(tx, caller.User)
	}
}

// place finds what a frame's context and context_id name.
func place(caller rpc.Caller, context string, contextID *string) conversation.Find {
	if context == "" || context == wire.ContextGlobal {
		return lobby(caller)
	}
	return func(tx *store.Tx) (conversation.Place, error) {
		if context != wire.ContextServer {
			return conversation.Place{}, fault.New(fault.Invalid, "The context must be server, dm or global.")
		}
		id, err := conversation.Required(contextID)
		if err != nil {
			return conversation.Place{}, err
		}
		serverID, channelID, _ := strings.Cut(id, "/")
		return channel(caller, serverID, channelID)(tx)
	}
}

func (s *Service) send(ctx context.Context, caller rpc.Caller, r wire.SendMessage) (wire.Sent, error) {
	return s.desk.Send(ctx, caller, r, place(caller, r.Context, r.ContextID))
}

func (s *Service) edit(ctx context.Context, caller rpc.Caller, r wire.EditMessage) (wire.Changed, error) {
	return s.desk.Edit(ctx, caller, r, place(caller, r.Context, r.ContextID))
}

func (s *Service) delete(ctx context.Context, caller rpc.Caller, r wire.DeleteMessage) (wire.Changed, error) {
	return s.desk.Delete(ctx, caller, r, place(caller, r.Context, r.ContextID))
}

func (s *Service) history(ctx context.Context, caller rpc.Caller, r wire.GetChannelHistory) (wire.ChannelHistory, error) {
	page, err := s.desk.Page(ctx, r.Window, channel(caller, r.ServerID, r.ChannelID))
	return wire.ChannelHistory{ServerID: r.ServerID, ChannelID: r.ChannelID, HistoryPage: page}, err
}

func (s *Service) lobbyHistory(ctx context.Context, caller rpc.Caller, r wire.GetLobbyHistory) (wire.LobbyHistory, error) {
	page, err := s.desk.Page(ctx, r.Window, lobby(caller))
	return wire.LobbyHistory{HistoryPage: page}, err
}

func (s *Service) changes(ctx context.Context, caller rpc.Caller, r wire.GetChanges) (wire.Changes, error) {
	return s.desk.Changes(ctx, r.After, place(caller, r.Context, r.ContextID))
}

func (s *Service) markRead(ctx context.Context, caller rpc.Caller, r wire.MarkRead) (wire.Progress, error) {
	return s.desk.MarkRead(ctx, caller, r.ID, place(caller, r.Context, r.ContextID))
}

func (s *Service) typing(ctx context.Context, caller rpc.Caller, r wire.Typing) (contract.Nothing, error) {
	return contract.Nothing{}, s.desk.Typing(ctx, caller, place(caller, r.Context, r.ContextID))
}

// readProgress is how far a user has read each text channel of their servers.
func readProgress(tx *store.Tx, servers []wire.Server, username string) ([]wire.Progress, error) {
	all := []wire.Progress{}
	for _, server := range servers {
		for _, c := range server.Channels {
			if c.Type != wire.ChannelText {
				continue
			}
			id := channelLog(server.ID, c.ID)
			p, err := conversation.Progress(tx, conversation.Place{Log: id, Context: wire.ContextServer, ContextID: &id}, username)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// lobbyUnless is the lobby with its mark, without the messages if the mark is still
// the same. Marks of another process, which may have had other data, are no one's.
func (s *Service) lobbyUnless(tx *store.Tx, mark string) ([]wire.LobbyMessage, string, error) {
	seq, err := convlog.LastChange(tx, lobbyLog)
	now := fmt.Sprint(s.self, "-", seq)
	if err != nil || now == mark {
		return nil, mark, err
	}
	messages, err := lobbyMessages(tx)
	return messages, now, err
}

// lobbyMessages are what a client gets of the lobby after its `init`.
func lobbyMessages(tx *store.Tx) ([]wire.LobbyMessage, error) {
	page, err := convlog.Read(tx, lobbyLog, convlog.Window{Limit: wire.Bounds.LobbyHistory})
	if err != nil {
		return nil, err
	}
	messages := make([]wire.LobbyMessage, 0, len(page.Messages))
	for _, m := range page.Messages {
		messages = append(messages, wire.LobbyMessage{Type: wire.Message{}.FrameType(), Message: wire.Message{
			ID: m.ID, Seq: m.Seq, Username: m.Author, Content: m.Content,
			Timestamp: wire.Time{Time: m.Created}, Context: wire.ContextGlobal, Nonce: m.Nonce,
		}})
	}
	return messages, nil
}
