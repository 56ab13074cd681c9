package gateway

import (
	"net/http"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/wire"
)

const tagMembers = "Members and bans"

func (a *resources) members() {
	call(a, operation(http.MethodGet, "/servers/{server_id}/members", "list-members", tagMembers, "A server's members, its owner first"),
		contract.GetServerMembers, func(in *InServer) wire.GetServerMembers { return wire.GetServerMembers{ServerID: in.ServerID} })

	type permissionsIn struct {
		InMember
		Body wire.Permissions
	}
	effect(a, operation(http.MethodPut, "/servers/{server_id}/members/{username}/permissions", "set-permissions", tagMembers,
		"Say what a member may do; the owner only", http.StatusForbidden, http.StatusConflict),
		contract.UpdateUserPermissions, func(in *permissionsIn) wire.UpdateUserPermissions {
			return wire.UpdateUserPermissions{ServerID: in.ServerID, Username: in.Username, Permissions: in.Body}
		})

	effect(a, operation(http.MethodDelete, "/servers/{server_id}/members/{username}", "kick-member", tagMembers,
		"Remove a member, who may come back with an invite; the owner only", http.StatusForbidden, http.StatusConflict),
		contract.KickMember, func(in *InMember) wire.KickMember {
			return wire.KickMember{ServerID: in.ServerID, Username: in.Username}
		})

	call(a, operation(http.MethodGet, "/servers/{server_id}/bans", "list-bans", tagMembers, "Who is kept out of a server; the owner only", http.StatusForbidden),
		contract.GetServerBans, func(in *InServer) wire.GetServerBans { return wire.GetServerBans{ServerID: in.ServerID} })

	type banIn struct {
		InServer
		Body wire.Peer
	}
	effect(a, operation(http.MethodPost, "/servers/{server_id}/bans", "ban-member", tagMembers,
		"Keep somebody out of a server, member or not; the owner only", http.StatusForbidden, http.StatusConflict),
		contract.BanMember, func(in *banIn) wire.BanMember {
			return wire.BanMember{ServerID: in.ServerID, Username: in.Body.Username}
		})

	effect(a, operation(http.MethodDelete, "/servers/{server_id}/bans/{username}", "unban-member", tagMembers,
		"End a ban; the owner only", http.StatusForbidden),
		contract.UnbanMember, func(in *InMember) wire.UnbanMember {
			return wire.UnbanMember{ServerID: in.ServerID, Username: in.Username}
		})
}
