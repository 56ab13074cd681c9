package gateway

import (
	"context"
	"net/http"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

const tagServers = "Servers"

// The places that paths name. They are exported since huma reads embedded
// structs only then.
type (
	InServer struct {
		ServerID string `path:"server_id"`
	}
	InChannel struct {
		InServer
		ChannelID string `path:"channel_id"`
	}
	InMember struct {
		InServer
		Username string `path:"username"`
	}
)

type serverList struct {
	Servers []wire.Server `json:"servers"`
}

type serverBody struct {
	Server wire.Server `json:"server"`
}

// server is one of the servers that the session's user is a member of.
func (a *resources) server(ctx context.Context, session contract.Session, id string) (wire.Server, error) {
	state, err := a.chatState(ctx, session)
	if err != nil {
		return wire.Server{}, err
	}
	for _, s := range state.Servers {
		if s.ID == id {
			return s, nil
		}
	}
	return wire.Server{}, fault.New(fault.NotFound, "There is no such server.")
}

func (a *resources) servers() {
	handle(a, operation(http.MethodGet, "/servers", "list-servers", tagServers, "The servers that one is a member of"),
		func(ctx context.Context, session contract.Session, _ *nothingIn) (serverList, error) {
			state, err := a.chatState(ctx, session)
			return serverList{Servers: state.Servers}, err
		})

	type createIn struct{ Body wire.CreateServer }
	call(a, created(operation(http.MethodPost, "/servers", "create-server", tagServers,
		"Make a server with a text channel general; one owns it", http.StatusConflict)),
		contract.CreateServer, func(in *createIn) wire.CreateServer { return in.Body })

	type joinIn struct{ Body wire.JoinServerWithInvite }
	call(a, created(operation(http.MethodPost, "/memberships", "join-server", tagServers,
		"Join the server that an invite code is for", http.StatusNotFound, http.StatusConflict)),
		contract.JoinServerWithInvite, func(in *joinIn) wire.JoinServerWithInvite { return in.Body })

	handle(a, operation(http.MethodGet, "/servers/{server_id}", "get-server", tagServers, "A server with its channels"),
		func(ctx context.Context, session contract.Session, in *InServer) (serverBody, error) {
			server, err := a.server(ctx, session, in.ServerID)
			return serverBody{Server: server}, err
		})

	type serverChange struct {
		Name string `json:"name"`
	}
	type renameIn struct {
		InServer
		Body serverChange
	}
	handle(a, operation(http.MethodPatch, "/servers/{server_id}", "rename-server", tagServers, "Rename a server; its owner only", http.StatusForbidden),
		func(ctx context.Context, session contract.Session, in *renameIn) (serverBody, error) {
			_, err := rpc.Call(ctx, a.nc, contract.RenameServer, callerOf(session), wire.RenameServer{ServerID: in.ServerID, Name: in.Body.Name})
			if err != nil {
				return serverBody{}, err
			}
			server, err := a.server(ctx, session, in.ServerID)
			return serverBody{Server: server}, err
		})

	effect(a, operation(http.MethodDelete, "/servers/{server_id}", "delete-server", tagServers,
		"Delete a server with its channels and messages; its owner only", http.StatusForbidden),
		contract.DeleteServer, func(in *InServer) wire.DeleteServer { return wire.DeleteServer{ServerID: in.ServerID} })

	type ownerIn struct {
		InServer
		Body wire.Peer
	}
	effect(a, operation(http.MethodPut, "/servers/{server_id}/owner", "transfer-server", tagServers,
		"Make another member the owner; the owner only", http.StatusForbidden, http.StatusConflict),
		contract.TransferServer, func(in *ownerIn) wire.TransferServer {
			return wire.TransferServer{ServerID: in.ServerID, Username: in.Body.Username}
		})

	effect(a, operation(http.MethodDelete, "/servers/{server_id}/membership", "leave-server", tagServers,
		"Leave a server; its owner hands it over first", http.StatusConflict),
		contract.LeaveServer, func(in *InServer) wire.LeaveServer { return wire.LeaveServer{ServerID: in.ServerID} })
}
