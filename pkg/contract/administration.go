package contract

import (
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// ClaimCode is the code that makes the first account from a public address.
type ClaimCode struct {
	Code string `json:"code"`
}

// Methods of auth for the owner of the installation; for everybody else:
// permission_denied.
var (
	// GetAccounts lists the installation's accounts.
	GetAccounts = rpc.Method[wire.GetAccounts, wire.Accounts]{Service: Auth, Name: "accounts"}
	// CreatePasswordReset: not_found for a name that nobody has.
	CreatePasswordReset = rpc.Method[wire.CreatePasswordReset, wire.PasswordReset]{Service: Auth, Name: "create_password_reset"}
	// RemoveAccount: not_found for a name that nobody has, conflict for one's own,
	// permission_denied for a wrong password, invalid, rate_limited.
	RemoveAccount = rpc.Method[wire.RemoveAccount, Nothing]{Service: Auth, Name: "remove_account"}
	// GetInstallationSettings says what new accounts start with.
	GetInstallationSettings = rpc.Method[Nothing, wire.InstallationSettings]{Service: Auth, Name: "installation_settings"}
	// UpdateInstallation: invalid.
	UpdateInstallation = rpc.Method[wire.UpdateInstallation, Nothing]{Service: Auth, Name: "update_installation"}
)

// Methods of auth for those without a session.
var (
	// ResetPassword: not_found for a token that is unknown, used or too old,
	// invalid, too_large.
	ResetPassword = rpc.Method[wire.ResetPassword, Nothing]{Service: Auth, Name: "reset_password"}
	// Claim tells a gateway the code to print: not_found once there is an account.
	Claim = rpc.Method[Nothing, ClaimCode]{Service: Auth, Name: "claim"}
)
