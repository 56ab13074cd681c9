package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// signUp makes an account. The account, the code that is used up and the fact
// that follows from it are one transaction.
func (s *Service) signUp(ctx context.Context, _ rpc.Caller, r contract.SignUpRequest) (contract.Session, error) {
	name, err := newName(r.Username)
	if err != nil {
		return contract.Session{}, err
	}
	if err := s.passwords.checkNew(r.Password); err != nil {
		return contract.Session{}, err
	}
	// A look before the costly hash; what counts is checked again below.
	code := cleanCode(r.InviteCode)
	err = s.db.View(ctx, func(tx *store.Tx) error { return s.maySignUp(tx, name, code, r.Origin) })
	if err != nil {
		return contract.Session{}, err
	}
	hashed, err := s.passwords.hash(ctx, r.Password)
	if err != nil {
		return contract.Session{}, err
	}
	var session contract.Session
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := s.maySignUp(tx, name, code, r.Origin); err != nil {
			return err
		}
		first, err := noAccount(tx)
		if err != nil {
			return err
		}
		avatar := wire.DefaultAvatar()
		_, err = tx.Exec(`INSERT INTO account (username, name_key, password_hash, avatar_kind, avatar_emoji, owner, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			name, nameKey(name), hashed, avatar.Kind, *avatar.Emoji, first, s.now().UnixMicro())
		if err != nil {
			return fmt.Errorf("insert account: %w", err)
		}
		policy, err := friendsDefault(tx)
		if err != nil {
			return err
		}
		_, err = s.leaveFact(tx, name, contract.FactAccountCreated, contract.AccountCreated{Username: name, Friends: policy})
		if err != nil {
			return err
		}
		if first {
			if _, err := tx.Exec(`UPDATE installation SET claim = ''`); err != nil {
				return fmt.Errorf("use the claim code up: %w", err)
			}
		} else {
			if err := s.followInvite(tx, name, code); err != nil {
				return err
			}
		}
		session, err = s.startSession(tx, name, r.Origin)
		return err
	})
	return session, err
}

// maySignUp checks that the name is free and the code good.
func (s *Service) maySignUp(tx *store.Tx, name, code string, origin contract.Origin) error {
	first, err := noAccount(tx)
	if err != nil {
		return err
	}
	switch {
	case first:
		err = mayClaim(tx, origin, code)
	case code == "":
		err = fault.New(fault.Invalid, "An invite code is needed to sign up.")
	default:
		_, err = s.usableInvite(tx, code)
	}
	if err != nil {
		return err
	}
	var taken bool
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE name_key = $1)`, nameKey(name)).Scan(&taken)
	if err != nil {
		return fmt.Errorf("look for the name: %w", err)
	}
	if taken {
		return fault.New(fault.Conflict, "The user name %s is taken.", name)
	}
	return nil
}

func noAccount(tx *store.Tx) (bool, error) {
	var some bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE deleted IS NULL)`).Scan(&some); err != nil {
		return false, fmt.Errorf("look for accounts: %w", err)
	}
	return !some, nil
}

func (s *Service) installation(ctx context.Context, _ rpc.Caller, _ contract.Nothing) (contract.InstallationState, error) {
	var state contract.InstallationState
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		state.FirstAccount, err = noAccount(tx)
		return err
	})
	return state, err
}

// login starts a session. A wrong name and a wrong password answer with the
// same words after the same time.
func (s *Service) login(ctx context.Context, _ rpc.Caller, r contract.LoginRequest) (contract.Session, error) {
	if nameKey(r.Username) == "" || r.Password == "" {
		return contract.Session{}, fault.New(fault.Invalid, "User name and password are needed.")
	}
	known, err := s.checkPassword(ctx, r.Username, r.Password, errWrongLogin)
	if err != nil {
		return contract.Session{}, err
	}
	var session contract.Session
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := known.still(tx); err != nil {
			return err
		}
		session, err = s.startSession(tx, known.username, r.Origin)
		return err
	})
	return session, err
}

var (
	errWrongLogin    = fault.New(fault.Unauthenticated, "Wrong user name or password.")
	errWrongPassword = fault.New(fault.PermissionDenied, "The password is wrong.")
	errWrongPresent  = fault.New(fault.PermissionDenied, "The present password is wrong.")
)

// known is an account whose password was right when it was looked at.
type known struct {
	username, hashed string
	wrong            error
}

// still refuses an account whose password has changed since: to check one takes
// time, and whoever knew the former one gets nothing for it any more.
func (k known) still(tx *store.Tx) error {
	var same bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE username = $1 AND password_hash = $2)`, k.username, k.hashed).Scan(&same)
	if err != nil {
		return fmt.Errorf("find account: %w", err)
	}
	if !same {
		return k.wrong
	}
	return nil
}

// checkPassword finds the account of a name, in any spelling, if the password is
// its own, and answers wrong if not. The eleventh wrong one of a name waits:
// rate_limited.
func (s *Service) checkPassword(ctx context.Context, username, password string, wrong error) (known, error) {
	key, found := nameKey(username), known{wrong: wrong}
	if err := s.passwords.patience(key, time.Now()); err != nil {
		return known{}, err
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		err := tx.QueryRow(`SELECT username, password_hash FROM account WHERE name_key = $1 AND deleted IS NULL`, key).
			Scan(&found.username, &found.hashed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find account: %w", err)
		}
		return nil
	})
	if err != nil {
		return known{}, err
	}
	right, err := s.passwords.matches(ctx, key, found.hashed, password, time.Now())
	if err == nil && !right {
		err = wrong
	}
	return found, err
}

// changePassword takes the present password once more: a page left open is not
// enough. Every other session ends.
func (s *Service) changePassword(ctx context.Context, caller rpc.Caller, r wire.ChangePassword) (contract.Nothing, error) {
	if err := s.passwords.checkNew(r.NewPassword); err != nil {
		return contract.Nothing{}, err
	}
	known, err := s.checkPassword(ctx, caller.User, r.Password, errWrongPresent)
	if err != nil {
		return contract.Nothing{}, err
	}
	hashed, err := s.passwords.hash(ctx, r.NewPassword)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := known.still(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE account SET password_hash = $1 WHERE username = $2`, hashed, caller.User); err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		return s.endSessions(tx, caller.User, `id <> $2`, caller.Session)
	})
}

var errMessagesField = fault.New(fault.Invalid, "The field messages must be keep or remove.")

// deleteAccount ends the caller's account, who gives their password once more.
func (s *Service) deleteAccount(ctx context.Context, caller rpc.Caller, r wire.DeleteAccount) (contract.Nothing, error) {
	if r.Messages != "keep" && r.Messages != "remove" {
		return contract.Nothing{}, errMessagesField
	}
	known, err := s.checkPassword(ctx, caller.User, r.Password, errWrongPassword)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := known.still(tx); err != nil {
			return err // or another of its connections was faster
		}
		return s.endAccount(tx, caller.User, r.Messages == "remove")
	})
}
