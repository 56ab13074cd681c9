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

	// A code lets in whoever has it, and what is in an address ends up in logs.
	type codeBody struct {
		Code string `json:"code"`
	}
	type serverCodeIn struct {
		InServer
		Body codeBody
	}
	effect(a, operation(http.MethodPost, "/servers/{server_id}/invites/revocation", "revoke-server-invite", tagInvites,
		"Make a server's code good for nothing; the owner only", http.StatusForbidden, http.StatusNotFound),
		contract.RevokeServerInvite, func(in *serverCodeIn) wire.RevokeServerInvite {
			return wire.RevokeServerInvite{ServerID: in.ServerID, Code: in.Body.Code}
		})

	type termsIn struct{ Body *wire.InviteTerms }
	call(a, created(operation(http.MethodPost, "/invites", "create-invite", tagInvites,
		"Make a code to sign up with, for one use unless the body says otherwise; who uses it becomes a friend", http.StatusConflict)),
		contract.GenerateInvite, func(in *termsIn) wire.InviteTerms { return terms(in.Body) })

	call(a, operation(http.MethodGet, "/invites", "list-invites", tagInvites, "One's own open account codes, newest first"),
		contract.GetInvites, func(*nothingIn) contract.Nothing { return contract.Nothing{} })

	type codeIn struct{ Body codeBody }
	effect(a, operation(http.MethodPost, "/invites/revocation", "revoke-invite", tagInvites,
		"Make an account code of one's own good for nothing", http.StatusNotFound),
		contract.RevokeInvite, func(in *codeIn) wire.RevokeInvite { return wire.RevokeInvite{Code: in.Body.Code} })
}

func terms(body *wire.InviteTerms) wire.InviteTerms {
	if body == nil {
		return wire.InviteTerms{}
	}
	return *body
}
