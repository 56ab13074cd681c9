package wire

// GetAccounts lists the accounts of the installation in the order of their names,
// for its owner: at most Limit (1 to 500, 100 if missing) after a name.
type GetAccounts struct {
	After string `json:"after,omitempty"`
	Limit int    `json:"limit,omitempty"`
}

// Accounts answers `get_accounts`.
type Accounts struct {
	Accounts []Account `json:"accounts"`
	More     bool      `json:"more"`
}

// FrameType implements Frame.
func (Accounts) FrameType() string { return "accounts" }

// Account is one of the installation's.
type Account struct {
	Profile
	Owner     bool  `json:"owner"` // of the installation
	CreatedAt Time  `json:"created_at"`
	UsedAt    *Time `json:"used_at"` // the last use of any session, to the hour; null: there is none
}

// CreatePasswordReset makes the link with which somebody who forgot their
// password sets another. One made before is good for nothing then.
type CreatePasswordReset struct {
	Username string `json:"username"`
}

// PasswordReset answers `create_password_reset`. The token is good for one use; a
// page's link has it behind the #, which no server sees.
type PasswordReset struct {
	Username  string `json:"username"`
	Token     string `json:"token"`
	ExpiresAt Time   `json:"expires_at"`
}

// FrameType implements Frame.
func (PasswordReset) FrameType() string { return "password_reset" }

// ResetPassword sets a password with the token of a reset. Every session of the
// account ends.
type ResetPassword struct {
	Token       string `json:"token"`
	NewPassword string `json:"new_password"`
}

// RemoveAccount ends somebody's account, as if they had done it. It takes the
// password of the installation's owner.
type RemoveAccount struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Messages string `json:"messages" enum:"keep,remove"`
}

// InstallationSettings answers `get_installation_settings`: what new accounts
// start with. Empty: what the program was started with.
type InstallationSettings struct {
	Friends string `json:"friends" enum:",instant,ask"`
}

// FrameType implements Frame.
func (InstallationSettings) FrameType() string { return "installation_settings" }

// UpdateInstallation sets what new accounts start with.
type UpdateInstallation struct {
	Friends string `json:"friends" enum:",instant,ask"`
}
