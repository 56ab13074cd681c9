package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

const (
	// resetLife is how long a reset link is good.
	resetLife = 24 * time.Hour
	// accountsPage and mostAccounts bound a page of accounts.
	accountsPage = 100
	mostAccounts = 500
)

var errNoReset = fault.New(fault.NotFound, "This link is unknown, used, or too old. Ask for a new one.")

// mustOwnInstallation refuses everybody but the owner of the installation.
func mustOwnInstallation(tx *store.Tx, username string) error {
	var owner bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE username = $1 AND owner AND deleted IS NULL)`, username).Scan(&owner)
	if err != nil {
		return fmt.Errorf("find the installation's owner: %w", err)
	}
	if !owner {
		return fault.New(fault.PermissionDenied, "Only the owner of this installation can do that.")
	}
	return nil
}

func (s *Service) getAccounts(ctx context.Context, caller rpc.Caller, r wire.GetAccounts) (wire.Accounts, error) {
	answer := wire.Accounts{Accounts: []wire.Account{}}
	if r.Limit < 0 || r.Limit > mostAccounts {
		return answer, fault.New(fault.Invalid, "The limit must be 1 to %d.", mostAccounts)
	}
	limit := r.Limit
	if limit == 0 {
		limit = accountsPage
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		if err := mustOwnInstallation(tx, caller.User); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT `+profileColumns+`, owner, created,
				(SELECT max(used) FROM session WHERE session.username = account.username)
			FROM account WHERE deleted IS NULL AND name_key > $1 ORDER BY name_key LIMIT $2`, nameKey(r.After), limit+1)
		if err != nil {
			return fmt.Errorf("list accounts: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var account wire.Account
			var created int64
			var used sql.NullInt64
			if account.Profile, err = scanProfile(rows, &account.Owner, &created, &used); err != nil {
				return fmt.Errorf("read account: %w", err)
			}
			account.CreatedAt = wire.MicroTime(created)
			if used.Valid {
				at := wire.MicroTime(used.Int64)
				account.UsedAt = &at
			}
			answer.Accounts = append(answer.Accounts, account)
		}
		return rows.Err()
	})
	if len(answer.Accounts) > limit {
		answer.Accounts, answer.More = answer.Accounts[:limit], true
	}
	return answer, err
}

func (s *Service) createPasswordReset(ctx context.Context, caller rpc.Caller, r wire.CreatePasswordReset) (wire.PasswordReset, error) {
	var reset wire.PasswordReset
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		if err := mustOwnInstallation(tx, caller.User); err != nil {
			return err
		}
		reset, err = makeReset(tx, r.Username, s.now())
		return err
	})
	return reset, err
}

// MakeReset makes a reset link's token for who has the machine: the owner's own
// password can be forgotten too. The service may be running.
func MakeReset(ctx context.Context, data, username string) (wire.PasswordReset, error) {
	var reset wire.PasswordReset
	if _, err := os.Stat(filepath.Join(data, "auth.db")); err != nil {
		return reset, fmt.Errorf("find the accounts: %w", err)
	}
	db, err := openStore(ctx, data, nil, nil)
	if err != nil {
		return reset, err
	}
	err = db.Update(ctx, func(tx *store.Tx) (err error) {
		reset, err = makeReset(tx, username, time.Now())
		return err
	})
	return reset, errors.Join(err, db.Close())
}

func makeReset(tx *store.Tx, named string, now time.Time) (wire.PasswordReset, error) {
	username, err := livingAccount(tx, named)
	if err != nil {
		return wire.PasswordReset{}, err
	}
	token, expires := rand.Text(), now.Add(resetLife)
	_, err = tx.Exec(`INSERT INTO password_reset (username, token_hash, expires) VALUES ($1, $2, $3)
		ON CONFLICT (username) DO UPDATE SET token_hash = excluded.token_hash, expires = excluded.expires`,
		username, hashToken(token), expires.UnixMicro())
	if err != nil {
		return wire.PasswordReset{}, fmt.Errorf("insert password reset: %w", err)
	}
	return wire.PasswordReset{Username: username, Token: token, ExpiresAt: wire.MicroTime(expires.UnixMicro())}, nil
}

// livingAccount finds the user name of an account in any spelling.
func livingAccount(tx *store.Tx, named string) (username string, err error) {
	err = tx.QueryRow(`SELECT username FROM account WHERE name_key = $1 AND deleted IS NULL`, nameKey(named)).Scan(&username)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.New(fault.NotFound, "There is no user %.64s.", strings.TrimSpace(named))
	}
	if err != nil {
		return "", fmt.Errorf("find account: %w", err)
	}
	return username, nil
}

// mustLive refuses who is gone: a request may have been on its way when the account
// was deleted.
func mustLive(tx *store.Tx, username string) error {
	var lives bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE username = $1 AND deleted IS NULL)`, username).Scan(&lives)
	if err != nil {
		return fmt.Errorf("find account: %w", err)
	}
	if !lives {
		return fault.New(fault.Unauthenticated, "The account is gone.")
	}
	return nil
}

// resetPassword uses a link up. Whoever was logged in as the account is no more.
func (s *Service) resetPassword(ctx context.Context, _ rpc.Caller, r wire.ResetPassword) (contract.Nothing, error) {
	if err := s.passwords.checkNew(r.NewPassword); err != nil {
		return contract.Nothing{}, err
	}
	// A look before the costly hash; what counts is checked again below.
	find := func(tx *store.Tx) (username string, err error) {
		err = tx.QueryRow(`SELECT username FROM password_reset WHERE token_hash = $1 AND expires > $2`,
			hashToken(r.Token), s.now().UnixMicro()).Scan(&username)
		if errors.Is(err, sql.ErrNoRows) {
			return "", errNoReset
		}
		if err != nil {
			return "", fmt.Errorf("find password reset: %w", err)
		}
		return username, nil
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		_, err := find(tx)
		return err
	})
	if err != nil {
		return contract.Nothing{}, err
	}
	hashed, err := s.passwords.hash(ctx, r.NewPassword)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		username, err := find(tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM password_reset WHERE username = $1`, username); err != nil {
			return fmt.Errorf("use password reset up: %w", err)
		}
		if _, err := tx.Exec(`UPDATE account SET password_hash = $1 WHERE username = $2`, hashed, username); err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		return s.endSessions(tx, username, `id <> $2`, "")
	})
}

func (s *Service) removeAccount(ctx context.Context, caller rpc.Caller, r wire.RemoveAccount) (contract.Nothing, error) {
	if r.Messages != "keep" && r.Messages != "remove" {
		return contract.Nothing{}, errMessagesField
	}
	// Before the password: who does not own the installation learns nothing.
	err := s.db.View(ctx, func(tx *store.Tx) error {
		if err := mustOwnInstallation(tx, caller.User); err != nil {
			return err
		}
		_, err := livingAccount(tx, r.Username)
		return err
	})
	if err != nil {
		return contract.Nothing{}, err
	}
	known, err := s.checkPassword(ctx, caller.User, r.Password, errWrongPassword)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := known.still(tx); err != nil {
			return err
		}
		if err := mustOwnInstallation(tx, caller.User); err != nil {
			return err
		}
		username, err := livingAccount(tx, r.Username)
		if err != nil {
			return err
		}
		if username == caller.User {
			return fault.New(fault.Conflict, "That is your own account. Delete it in your settings.")
		}
		return s.endAccount(tx, username, r.Messages == "remove")
	})
}

func (s *Service) installationSettings(ctx context.Context, caller rpc.Caller, _ contract.Nothing) (wire.InstallationSettings, error) {
	var settings wire.InstallationSettings
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if err := mustOwnInstallation(tx, caller.User); err != nil {
			return err
		}
		settings.Friends, err = friendsDefault(tx)
		return err
	})
	return settings, err
}

// friendsDefault is how others become friends of new accounts; empty: as social
// was started.
func friendsDefault(tx *store.Tx) (policy string, err error) {
	if err := tx.QueryRow(`SELECT friends FROM installation`).Scan(&policy); err != nil {
		return "", fmt.Errorf("read the installation's settings: %w", err)
	}
	return policy, nil
}

func (s *Service) updateInstallation(ctx context.Context, caller rpc.Caller, r wire.UpdateInstallation) (contract.Nothing, error) {
	if r.Friends != "" && r.Friends != wire.FriendsInstant && r.Friends != wire.FriendsAsk {
		return contract.Nothing{}, fault.New(fault.Invalid, "The field friends must be instant, ask, or empty.")
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustOwnInstallation(tx, caller.User); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE installation SET friends = $1`, r.Friends); err != nil {
			return fmt.Errorf("set the installation's settings: %w", err)
		}
		return nil
	})
}

// endAccount ends an account for good. Its row stays, without what it had, so
// that nobody gets the name and what was trusted to it. The installation goes to
// whoever has an account for the longest.
func (s *Service) endAccount(tx *store.Tx, username string, removeMessages bool) error {
	avatar := wire.DefaultAvatar()
	if _, err := tx.Exec(`UPDATE account SET password_hash = '', display_name = '', avatar_kind = $1, avatar_emoji = $2,
		avatar_data = NULL, owner = FALSE, deleted = $3 WHERE username = $4`,
		avatar.Kind, *avatar.Emoji, s.now().UnixMicro(), username); err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	if _, err := tx.Exec(`UPDATE account SET owner = TRUE WHERE username = (
		SELECT username FROM account WHERE deleted IS NULL ORDER BY owner DESC, created, username LIMIT 1)`); err != nil {
		return fmt.Errorf("hand the installation over: %w", err)
	}
	if _, err := tx.Exec(`UPDATE invite SET uses_left = 0 WHERE creator = $1`, username); err != nil {
		return fmt.Errorf("revoke invites: %w", err)
	}
	if _, err := tx.Exec(`DELETE FROM password_reset WHERE username = $1`, username); err != nil {
		return fmt.Errorf("revoke password reset: %w", err)
	}
	_, err := s.leaveFact(tx, username, contract.FactAccountDeleted,
		contract.AccountDeleted{Username: username, RemoveMessages: removeMessages})
	if err != nil {
		return err
	}
	return s.endSessions(tx, username, `id <> $2`, "")
}

// claimCode is the code that makes the first account from a public address, made
// when it is first asked for.
func claimCode(tx *store.Tx) (code string, err error) {
	err = tx.QueryRow(`UPDATE installation SET claim = CASE WHEN claim = '' THEN $1 ELSE claim END RETURNING claim`, rand.Text()).Scan(&code)
	if err != nil {
		return "", fmt.Errorf("make a claim code: %w", err)
	}
	return code, nil
}

// claim tells the code, until there is an account.
func (s *Service) claim(ctx context.Context, _ rpc.Caller, _ contract.Nothing) (contract.ClaimCode, error) {
	var claim contract.ClaimCode
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		first, err := noAccount(tx)
		if err != nil {
			return err
		}
		if !first {
			return fault.New(fault.NotFound, "This installation has an owner.")
		}
		claim.Code, err = claimCode(tx)
		return err
	})
	return claim, err
}

// mayClaim checks whether the first account may be made from where it is asked
// for: freely on the machine and in its private networks, else with the code that
// was printed.
func mayClaim(tx *store.Tx, origin contract.Origin, code string) error {
	if !origin.Public {
		return nil
	}
	var want string
	if err := tx.QueryRow(`SELECT claim FROM installation`).Scan(&want); err != nil {
		return fmt.Errorf("read the claim code: %w", err)
	}
	if want == "" || subtle.ConstantTimeCompare([]byte(code), []byte(want)) != 1 {
		return fault.New(fault.PermissionDenied, "This installation has no owner yet. "+
			"Open the link that it printed when it started, or type the link's code as the invite code.")
	}
	return nil
}
