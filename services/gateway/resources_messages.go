package gateway

import (
	"context"
	"net/http"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

const tagMessages = "Messages"

// InDM names a direct conversation in a path.
type InDM struct {
	DMID string `path:"dm_id"`
}

// InLobby is the one conversation of everybody.
type InLobby struct{}

func (p InChannel) place() (string, *string) {
	id := p.ServerID + "/" + p.ChannelID
	return wire.ContextServer, &id
}

func (p InDM) place() (string, *string) { return wire.ContextDM, &p.DMID }

func (InLobby) place() (string, *string) { return wire.ContextGlobal, nil }

// Cursor selects a page.
type Cursor struct {
	Before int64 `query:"before" minimum:"1" doc:"The newest messages before this id."`
	After  int64 `query:"after" minimum:"1" doc:"The oldest messages after this id."`
	Around int64 `query:"around" minimum:"1" doc:"The messages around this id."`
	Limit  int   `query:"limit" minimum:"1" maximum:"500" doc:"At most so many; default 100."`
}

func (c Cursor) window() wire.Window {
	return wire.Window{Before: c.Before, After: c.After, Around: c.Around, Limit: c.Limit}
}

// NewMessage is a message to send.
type NewMessage struct {
	Key  string `header:"Idempotency-Key" doc:"The message's nonce: sent again with the same one, nothing new is created."`
	Body newMessage
}

type newMessage struct {
	Content string `json:"content"`
	Nonce   string `json:"nonce,omitempty" doc:"As Idempotency-Key."`
}

func (m NewMessage) message() (content, nonce string, err error) {
	nonce = m.Body.Nonce
	if nonce == "" {
		nonce = m.Key
	}
	if m.Key != "" && m.Key != nonce {
		err = fault.New(fault.Invalid, "The nonce and the Idempotency-Key differ.")
	}
	return m.Body.Content, nonce, err
}

// OneMessage names a message of a conversation.
type OneMessage struct {
	MessageID int64 `path:"message_id" minimum:"1"`
}

func (m OneMessage) id() int64 { return m.MessageID }

// NewContent is what an edit makes of a message.
type NewContent struct{ Body newContent }

type newContent struct {
	Content string `json:"content"`
}

func (c NewContent) content() string { return c.Body.Content }

// Since is a number of a conversation's sequence of changes.
type Since struct {
	After int64 `query:"after" required:"true" minimum:"0" doc:"The number of the last change that one has."`
}

func (s Since) after() int64 { return s.After }

// LastSeen is a read mark to set.
type LastSeen struct{ Body lastSeen }

type lastSeen struct {
	ID int64 `json:"id" minimum:"1" doc:"The last message that one has seen."`
}

func (l LastSeen) id() int64 { return l.Body.ID }

// What the inputs of a conversation's operations have in common, whichever it is.
type (
	placed  interface{ place() (string, *string) }
	sending interface {
		placed
		message() (content, nonce string, err error)
	}
	pointing interface {
		placed
		id() int64
	}
	editing interface {
		pointing
		content() string
	}
	catchingUp interface {
		placed
		after() int64
	}
)

func (a *resources) messages() {
	a.channelMessages()
	a.dmMessages()
	a.lobbyMessages()

	handle(a, operation(http.MethodGet, "/read-marks", "list-read-marks", tagMessages, "How far one has read every conversation but the lobby"),
		func(ctx context.Context, session contract.Session, _ *nothingIn) (readList, error) {
			chat, err := a.chatState(ctx, session)
			if err != nil {
				return readList{}, err
			}
			social, err := a.socialState(ctx, session)
			return readList{Read: append(append([]wire.Progress{}, chat.Read...), social.Read...)}, err
		})
}

type readList struct {
	Read []wire.Progress `json:"read"`
}

func (a *resources) channelMessages() {
	type (
		pageIn struct {
			InChannel
			Cursor
		}
		sendIn struct {
			InChannel
			NewMessage
		}
		editIn struct {
			InChannel
			OneMessage
			NewContent
		}
		deleteIn struct {
			InChannel
			OneMessage
		}
		changesIn struct {
			InChannel
			Since
		}
		readIn struct {
			InChannel
			LastSeen
		}
	)
	const path, name = "/servers/{server_id}/channels/{channel_id}", "channel"
	call(a, operation(http.MethodGet, path+"/messages", "list-channel-messages", tagMessages, "A page of a text channel, oldest first"),
		contract.GetChannelHistory, func(in *pageIn) wire.GetChannelHistory {
			return wire.GetChannelHistory{ServerID: in.ServerID, ChannelID: in.ChannelID, Window: in.window()}
		})
	send[sendIn](a, path, name, contract.SendChannelMessage)
	edit[editIn](a, path, name, contract.EditChannelMessage)
	remove[deleteIn](a, path, name, contract.DeleteChannelMessage)
	catchUp[changesIn](a, path, name, contract.GetChannelChanges)
	markRead[readIn](a, path, name, contract.MarkChannelRead)
	typing[InChannel](a, path, name, contract.TypeInChannel)
}

func (a *resources) dmMessages() {
	type (
		pageIn struct {
			InDM
			Cursor
		}
		sendIn struct {
			InDM
			NewMessage
		}
		editIn struct {
			InDM
			OneMessage
			NewContent
		}
		deleteIn struct {
			InDM
			OneMessage
		}
		changesIn struct {
			InDM
			Since
		}
		readIn struct {
			InDM
			LastSeen
		}
	)
	const path, name = "/dms/{dm_id}", "dm"
	call(a, operation(http.MethodGet, path+"/messages", "list-dm-messages", tagMessages, "A page of a direct conversation, oldest first"),
		contract.GetDMHistory, func(in *pageIn) wire.GetDMHistory {
			return wire.GetDMHistory{DMID: in.DMID, Window: in.window()}
		})
	send[sendIn](a, path, name, contract.SendDM)
	edit[editIn](a, path, name, contract.EditDM)
	remove[deleteIn](a, path, name, contract.DeleteDM)
	catchUp[changesIn](a, path, name, contract.GetDMChanges)
	markRead[readIn](a, path, name, contract.MarkDMRead)
	typing[InDM](a, path, name, contract.TypeInDM)
}

func (a *resources) lobbyMessages() {
	type (
		pageIn struct {
			InLobby
			Cursor
		}
		sendIn struct {
			InLobby
			NewMessage
		}
		editIn struct {
			InLobby
			OneMessage
			NewContent
		}
		deleteIn struct {
			InLobby
			OneMessage
		}
		changesIn struct {
			InLobby
			Since
		}
		readIn struct {
			InLobby
			LastSeen
		}
	)
	const path, name = "/lobby", "lobby"
	call(a, operation(http.MethodGet, path+"/messages", "list-lobby-messages", tagMessages, "A page of the lobby, which keeps its last 100 messages, oldest first"),
		contract.GetLobbyHistory, func(in *pageIn) wire.GetLobbyHistory { return wire.GetLobbyHistory{Window: in.window()} })
	send[sendIn](a, path, name, contract.SendChannelMessage)
	edit[editIn](a, path, name, contract.EditChannelMessage)
	remove[deleteIn](a, path, name, contract.DeleteChannelMessage)
	catchUp[changesIn](a, path, name, contract.GetChannelChanges)
	markRead[readIn](a, path, name, contract.MarkChannelRead)
	typing[InLobby](a, path, name, contract.TypeInChannel)
}

func send[In sending](a *resources, path, name string, m rpc.Method[wire.SendMessage, wire.Sent]) {
	handle(a, created(operation(http.MethodPost, path+"/messages", "send-"+name+"-message", tagMessages, "Send a message", http.StatusForbidden)),
		func(ctx context.Context, session contract.Session, in *In) (wire.Sent, error) {
			where, id := (*in).place()
			content, nonce, err := (*in).message()
			if err != nil {
				return wire.Sent{}, err
			}
			return rpc.Call(ctx, a.nc, m, callerOf(session), wire.SendMessage{Content: content, Context: where, ContextID: id, Nonce: nonce})
		})
}

func edit[In editing](a *resources, path, name string, m rpc.Method[wire.EditMessage, wire.Changed]) {
	call(a, operation(http.MethodPatch, path+"/messages/{message_id}", "edit-"+name+"-message", tagMessages, "Edit a message of one's own", http.StatusForbidden),
		m, func(in *In) wire.EditMessage {
			where, id := (*in).place()
			return wire.EditMessage{Context: where, ContextID: id, ID: (*in).id(), Content: (*in).content()}
		})
}

func remove[In pointing](a *resources, path, name string, m rpc.Method[wire.DeleteMessage, wire.Changed]) {
	call(a, operation(http.MethodDelete, path+"/messages/{message_id}", "delete-"+name+"-message", tagMessages,
		"Delete a message for everybody: one's own, or any in a server that one owns", http.StatusForbidden),
		m, func(in *In) wire.DeleteMessage {
			where, id := (*in).place()
			return wire.DeleteMessage{Context: where, ContextID: id, ID: (*in).id()}
		})
}

func catchUp[In catchingUp](a *resources, path, name string, m rpc.Method[wire.GetChanges, wire.Changes]) {
	call(a, operation(http.MethodGet, path+"/changes", "list-"+name+"-changes", tagMessages, "The messages that changed after a number, as they are now"),
		m, func(in *In) wire.GetChanges {
			where, id := (*in).place()
			return wire.GetChanges{Context: where, ContextID: id, After: (*in).after()}
		})
}

func markRead[In pointing](a *resources, path, name string, m rpc.Method[wire.MarkRead, wire.Progress]) {
	call(a, operation(http.MethodPut, path+"/read-mark", "mark-"+name+"-read", tagMessages, "Note that one has seen everything up to a message"),
		m, func(in *In) wire.MarkRead {
			where, id := (*in).place()
			return wire.MarkRead{Context: where, ContextID: id, ID: (*in).id()}
		})
}

func typing[In placed](a *resources, path, name string, m rpc.Method[wire.Typing, contract.Nothing]) {
	effect(a, operation(http.MethodPost, path+"/typing", "type-in-"+name, tagMessages, "Tell the others that one is writing", http.StatusForbidden),
		m, func(in *In) wire.Typing {
			where, id := (*in).place()
			return wire.Typing{Context: where, ContextID: id}
		})
}
