package gateway

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

const tagAdministration = "Administration"

// administration has what the owner of the installation does, and the way back in
// for those who forgot their password.
func (a *resources) administration() {
	type accountsIn struct {
		After string `query:"after" doc:"The name after which the list goes on."`
		Limit int    `query:"limit" minimum:"0" maximum:"500" doc:"100 if missing."`
	}
	call(a, operation(http.MethodGet, "/administration/accounts", "list-accounts", tagAdministration, "The installation's accounts", http.StatusForbidden),
		contract.GetAccounts, func(in *accountsIn) wire.GetAccounts { return wire.GetAccounts{After: in.After, Limit: in.Limit} })

	type accountIn struct {
		Username string `path:"username"`
	}
	handle(a, created(operation(http.MethodPost, "/administration/accounts/{username}/password-reset", "create-password-reset", tagAdministration,
		"Make the one-time link of somebody who forgot their password", http.StatusForbidden)),
		func(ctx context.Context, session contract.Session, in *accountIn) (wire.PasswordReset, error) {
			return rpc.Call(ctx, a.nc, contract.CreatePasswordReset, callerOf(session), wire.CreatePasswordReset{Username: in.Username})
		})

	type removalBody struct {
		Password string `json:"password" doc:"The owner's own."`
		Messages string `json:"messages" enum:"keep,remove"`
	}
	type removalIn struct {
		Username string `path:"username"`
		Body     removalBody
	}
	effect(a, operation(http.MethodPost, "/administration/accounts/{username}/removal", "remove-account", tagAdministration,
		"End somebody's account; messages stay under another name, or go", http.StatusForbidden, http.StatusConflict),
		contract.RemoveAccount, func(in *removalIn) wire.RemoveAccount {
			return wire.RemoveAccount{Username: in.Username, Password: in.Body.Password, Messages: in.Body.Messages}
		})

	call(a, operation(http.MethodGet, "/administration/settings", "get-installation-settings", tagAdministration,
		"What new accounts start with; empty: what the program was started with", http.StatusForbidden),
		contract.GetInstallationSettings, func(*nothingIn) contract.Nothing { return contract.Nothing{} })

	type settingsIn struct{ Body wire.UpdateInstallation }
	effect(a, operation(http.MethodPatch, "/administration/settings", "update-installation", tagAdministration,
		"Set what new accounts start with", http.StatusForbidden),
		contract.UpdateInstallation, func(in *settingsIn) wire.UpdateInstallation { return in.Body })

	type resetIn struct{ Body wire.ResetPassword }
	huma.Register(a.api, a.public(operation(http.MethodPost, "/password-resets", "reset-password", tagAccounts,
		"Set a password with the token of a one-time link: every session of the account ends", http.StatusNotFound, http.StatusTooManyRequests), reflect.TypeFor[resetIn]()),
		func(ctx context.Context, in *resetIn) (*struct{}, error) {
			err := a.limits.password(ctx, clientOf(ctx).origin.Address, func() error {
				_, err := rpc.Call(ctx, a.nc, contract.ResetPassword, rpc.Caller{}, in.Body)
				return err
			})
			if err != nil {
				return nil, failed(err)
			}
			return nil, nil
		})
}
