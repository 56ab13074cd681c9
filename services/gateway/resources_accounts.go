package gateway

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

const tagAccounts = "Accounts and sessions"

type userBody struct {
	User wire.Profile `json:"user"`
}

type tokenBody struct {
	Token string       `json:"token" doc:"Goes into the Authorization header, after Bearer."`
	User  wire.Profile `json:"user"`
}

type (
	nothingIn struct{}
	signUpIn  struct{ Body wire.Signup }
	loginIn   struct{ Body wire.Login }
)

// cookieAnswer is a started or ended session of the page.
type cookieAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      userBody
}

type endedAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

// accounts has what takes no session: signing up, logging in.
func (a *resources) accounts() {
	huma.Register(a.api, a.public(operation(http.MethodGet, "/installation", "get-installation", tagAccounts,
		"What a page must know before the login"), reflect.TypeFor[nothingIn]()),
		func(ctx context.Context, _ *nothingIn) (*answer[contract.InstallationState], error) {
			state, err := rpc.Call(ctx, a.nc, contract.Installation, rpc.Caller{}, contract.Nothing{})
			if err != nil {
				return nil, failed(err)
			}
			state.FirstAccount = state.FirstAccount && !clientOf(ctx).origin.Public
			return &answer[contract.InstallationState]{Body: state}, nil
		})

	huma.Register(a.api, created(a.public(operation(http.MethodPost, "/accounts", "create-account", tagAccounts,
		"Sign up and start the page's session", http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests), reflect.TypeFor[signUpIn]())),
		func(ctx context.Context, in *signUpIn) (*cookieAnswer, error) {
			c := clientOf(ctx)
			session, err := a.signUp(ctx, in.Body, c.origin)
			return started(session, c, err)
		})

	huma.Register(a.api, created(a.public(operation(http.MethodPost, "/session", "create-session", tagAccounts,
		"Log in and start the page's session: a cookie that no script can read", http.StatusUnauthorized, http.StatusTooManyRequests), reflect.TypeFor[loginIn]())),
		func(ctx context.Context, in *loginIn) (*cookieAnswer, error) {
			c := clientOf(ctx)
			session, err := a.logIn(ctx, in.Body, c.origin)
			return started(session, c, err)
		})

	huma.Register(a.api, created(a.public(operation(http.MethodPost, "/tokens", "create-token", tagAccounts,
		"Log in a program: a session whose token is answered", http.StatusUnauthorized, http.StatusTooManyRequests), reflect.TypeFor[loginIn]())),
		func(ctx context.Context, in *loginIn) (*answer[tokenBody], error) {
			session, err := a.logIn(ctx, in.Body, clientOf(ctx).origin)
			if err != nil {
				return nil, failed(err)
			}
			return &answer[tokenBody]{Body: tokenBody{Token: session.Token, User: session.Profile}}, nil
		})
}

// sessions has what a user does with their own account.
func (a *resources) sessions() {
	handle(a, operation(http.MethodGet, "/session", "get-session", tagAccounts, "Who is logged in"),
		func(_ context.Context, session contract.Session, _ *nothingIn) (userBody, error) {
			return userBody{User: session.Profile}, nil
		})

	// Without a session this does nothing but take the cookie away.
	huma.Register(a.api, a.public(operation(http.MethodDelete, "/session", "end-session", tagAccounts,
		"Log out: the session and its sockets end"), reflect.TypeFor[nothingIn]()),
		func(ctx context.Context, _ *nothingIn) (*endedAnswer, error) {
			c := clientOf(ctx)
			session, err := a.resume(ctx, c.token)
			if err == nil {
				_, err = rpc.Call(ctx, a.nc, contract.Logout, callerOf(session), contract.Nothing{})
			}
			if err != nil && !fault.Is(err, fault.Unauthenticated) {
				return nil, failed(err)
			}
			return &endedAnswer{SetCookie: sessionCookie("", c.secure)}, nil
		})

	call(a, operation(http.MethodGet, "/sessions", "list-sessions", tagAccounts, "One's own sessions, the last used first"),
		contract.GetSessions, func(*nothingIn) contract.Nothing { return contract.Nothing{} })

	type sessionIn struct {
		ID string `path:"session_id"`
	}
	effect(a, operation(http.MethodDelete, "/sessions/{session_id}", "revoke-session", tagAccounts, "End one of one's own sessions and its sockets"),
		contract.RevokeSession, func(in *sessionIn) wire.RevokeSession { return wire.RevokeSession{ID: in.ID} })

	type passwordIn struct{ Body wire.ChangePassword }
	effect(a, operation(http.MethodPut, "/password", "change-password", tagAccounts, "Change one's password: every other session ends", http.StatusForbidden),
		contract.ChangePassword, func(in *passwordIn) wire.ChangePassword { return in.Body })
}

func started(session contract.Session, c client, err error) (*cookieAnswer, error) {
	if err != nil {
		return nil, failed(err)
	}
	return &cookieAnswer{SetCookie: sessionCookie(session.Token, c.secure), Body: userBody{User: session.Profile}}, nil
}
