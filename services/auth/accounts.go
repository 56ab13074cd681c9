package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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
	err = s.db.View(ctx, func(tx *store.Tx) error { return s.maySignUp(tx, name, code) })
	if err != nil {
		return contract.Session{}, err
	}
	hashed, err := s.passwords.hash(ctx, r.Password)
	if err != nil {
		return contract.Session{}, err
	}
	var session contract.Session
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := s.maySignUp(tx, name, code); err != nil {
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
		if !first {
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
func (s *Service) maySignUp(tx *store.Tx, name, code string) error {
	first, err := noAccount(tx)
	if err != nil {
		return err
	}
	if !first {
		if code == "" {
			return fault.New(fault.Invalid, "An invite code is needed to sign up.")
		}
		if _, err := usableInvite(tx, code); err != nil {
			return err
		}
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
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM account)`).Scan(&some); err != nil {
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
	key := nameKey(r.Username)
	if key == "" || r.Password == "" {
		return contract.Session{}, fault.New(fault.Invalid, "User name and password are needed.")
	}
	if wait := s.passwords.wrong.wait(key, s.now()); wait > 0 {
		return contract.Session{}, fault.Limited(wait, "Too many wrong passwords. Please wait a few seconds.")
	}
	var name, hashed string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		err := tx.QueryRow(`SELECT username, password_hash FROM account WHERE name_key = $1`, key).Scan(&name, &hashed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find account: %w", err)
		}
		return nil
	})
	if err != nil {
		return contract.Session{}, err
	}
	ok, err := s.passwords.matches(ctx, hashed, r.Password)
	if err != nil {
		return contract.Session{}, err
	}
	if !ok {
		s.passwords.wrong.note(key, s.now())
		return contract.Session{}, fault.New(fault.Unauthenticated, "Wrong user name or password.")
	}
	var session contract.Session
	err = s.db.Update(ctx, func(tx *store.Tx) (err error) {
		session, err = s.startSession(tx, name, r.Origin)
		return err
	})
	return session, err
}
