package gateway

import (
	"context"
	"net/http"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

const tagProfile = "Profile and settings"

type settingsBody struct {
	Settings wire.Settings `json:"settings"`
}

// profile has how a user looks to others, and what they have set.
func (a *resources) profile() {
	type avatarIn struct{ Body wire.SetAvatar }
	avatar := operation(http.MethodPut, "/avatar", "set-avatar", tagProfile, "Show an emoji or a picture")
	avatar.MaxBodyBytes = int64(wire.Bounds.FrameBytes)
	handle(a, avatar, changed(a, contract.SetAvatar, func(in *avatarIn) wire.SetAvatar { return in.Body }))

	type profileIn struct{ Body wire.SetProfile }
	handle(a, operation(http.MethodPatch, "/profile", "set-profile", tagProfile, "Set one's display name; empty: none"),
		changed(a, contract.SetProfile, func(in *profileIn) wire.SetProfile { return in.Body }))

	handle(a, operation(http.MethodGet, "/settings", "get-settings", tagProfile, "One's own settings"), a.settings)

	type policyIn struct{ Body wire.SetFriendPolicy }
	handle(a, operation(http.MethodPatch, "/settings", "change-settings", tagProfile, "Say how others become one's friends"),
		func(ctx context.Context, session contract.Session, in *policyIn) (settingsBody, error) {
			if _, err := rpc.Call(ctx, a.nc, contract.SetFriendPolicy, callerOf(session), in.Body); err != nil {
				return settingsBody{}, err
			}
			return a.settings(ctx, session, nil)
		})

	type deletionIn struct{ Body wire.DeleteAccount }
	effect(a, operation(http.MethodPost, "/account/deletion", "delete-account", tagProfile,
		"Delete one's account; messages stay under another name, or go", http.StatusForbidden, http.StatusConflict),
		contract.DeleteAccount, func(in *deletionIn) wire.DeleteAccount { return in.Body })
}

// changed calls a method that changes the profile, and answers what it is now.
func changed[In, Req any](a *resources, m rpc.Method[Req, contract.Nothing], request func(*In) Req) func(context.Context, contract.Session, *In) (userBody, error) {
	return func(ctx context.Context, session contract.Session, in *In) (userBody, error) {
		if _, err := rpc.Call(ctx, a.nc, m, callerOf(session), request(in)); err != nil {
			return userBody{}, err
		}
		session, err := a.resume(ctx, clientOf(ctx).token)
		return userBody{User: session.Profile}, err
	}
}

func (a *resources) settings(ctx context.Context, session contract.Session, _ *nothingIn) (settingsBody, error) {
	state, err := a.socialState(ctx, session)
	return settingsBody{Settings: state.Settings}, err
}
