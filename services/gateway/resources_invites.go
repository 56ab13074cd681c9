package gateway

import (
	"net/http"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/wire"
)

const tagInvites = "Invites"

func (a *resources) invites() {
	type serverTermsIn struct {
		InServer
		Body *wire.InviteTerms
	}
	call(a, created(operation(http.MethodPost, "/servers/{server_id}/invites", "create-server-invite", tagInvites,
		"Make a code to join a server, for one use unless the body says otherwise; the owner only", http.StatusForbidden, http.StatusConflict)),
		contract.GenerateServerInvite, func(in *serverTermsIn) wire.GenerateServerInvite {
			return wire.GenerateServerInvite{ServerID: in.ServerID, InviteTerms: terms(in.Body)}
		})

	call(a, operation(http.MethodGet, "/servers/{server_id}/invites", "list-server-invites", tagInvites,
		"A server's open codes, newest first; the owner only", http.StatusForbidden),
		contract.GetServerInvites, func(in *InServer) wire.GetServerInvites { return wire.GetServerInvites{ServerID: in.ServerID} })

	type serverCodeIn struct {
		InServer
		Code string `path:"code"`
	}
	effect(a, operation(http.MethodDelete, "/servers/{server_id}/invites/{code}", "revoke-server-invite", tagInvites,
		"Make a server's code good for nothing; the owner only", http.StatusForbidden),
		contract.RevokeServerInvite, func(in *serverCodeIn) wire.RevokeServerInvite {
			return wire.RevokeServerInvite{ServerID: in.ServerID, Code: in.Code}
		})

	type termsIn struct{ Body *wire.InviteTerms }
	call(a, created(operation(http.MethodPost, "/invites", "create-invite", tagInvites,
		"Make a code to sign up with, for one use unless the body says otherwise; who uses it becomes a friend", http.StatusConflict)),
		contract.GenerateInvite, func(in *termsIn) wire.InviteTerms { return terms(in.Body) })

	call(a, operation(http.MethodGet, "/invites", "list-invites", tagInvites, "One's own open account codes, newest first"),
		contract.GetInvites, func(*nothingIn) contract.Nothing { return contract.Nothing{} })

	type codeIn struct {
		Code string `path:"code"`
	}
	effect(a, operation(http.MethodDelete, "/invites/{code}", "revoke-invite", tagInvites, "Make an account code of one's own good for nothing"),
		contract.RevokeInvite, func(in *codeIn) wire.RevokeInvite { return wire.RevokeInvite{Code: in.Code} })
}

func terms(body *wire.InviteTerms) wire.InviteTerms {
	if body == nil {
		return wire.InviteTerms{}
	}
	return *body
}
