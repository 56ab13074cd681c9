package auth

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

const (
	codeAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	codeLength   = 8
)

// newCode draws a code evenly from the alphabet.
func newCode() string {
	code := make([]byte, 0, codeLength)
	var random [16]byte
	for len(code) < codeLength {
		_, _ = rand.Read(random[:]) // never fails (crypto/rand)
		for _, b := range random {
			// 252 is the largest multiple of 36 below 256: no letter is likelier.
			if b < 252 && len(code) < codeLength {
				code = append(code, codeAlphabet[int(b)%len(codeAlphabet)])
			}
		}
	}
	return string(code)
}

// cleanCode takes a code as people type it.
func cleanCode(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

func (s *Service) generateInvite(ctx context.Context, caller rpc.Caller, _ contract.Nothing) (wire.InviteCode, error) {
	code, err := s.makeInvite(ctx, caller.User, nil)
	return wire.InviteCode{Code: code, Message: "Your invite code: " + code}, err
}

func (s *Service) makeServerInvite(ctx context.Context, caller rpc.Caller, r contract.MakeServerInviteRequest) (wire.InviteCode, error) {
	code, err := s.makeInvite(ctx, caller.User, &r.ServerID)
	return wire.InviteCode{Code: code, Message: "Server invite code: " + code}, err
}

func (s *Service) makeInvite(ctx context.Context, creator string, serverID *string) (string, error) {
	code := newCode()
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO invite (code, creator, server_id, uses_left, created) VALUES ($1, $2, $3, 1, $4)`,
			code, creator, serverID, s.now().UnixMicro())
		if store.IsForeignKey(err) {
			return fault.New(fault.Unauthenticated, "The account is gone.")
		}
		if err != nil {
			return fmt.Errorf("insert invite: %w", err)
		}
		return nil
	})
	return code, err
}

// usableInvite finds a code that is not used up.
func usableInvite(tx *store.Tx, code string) (contract.Invite, error) {
	var invite contract.Invite
	var serverID sql.NullString
	err := tx.QueryRow(`SELECT creator, server_id FROM invite WHERE code = $1 AND uses_left > 0`, code).
		Scan(&invite.Creator, &serverID)
	if errors.Is(err, sql.ErrNoRows) {
		return invite, fault.New(fault.NotFound, "The invite code is unknown or used up.")
	}
	if err != nil {
		return invite, fmt.Errorf("find invite: %w", err)
	}
	invite.ServerID = serverID.String
	return invite, nil
}

func (s *Service) findInvite(ctx context.Context, _ rpc.Caller, r contract.FindInviteRequest) (contract.Invite, error) {
	var invite contract.Invite
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		invite, err = usableInvite(tx, cleanCode(r.Code))
		return err
	})
	return invite, err
}

// useUp takes one use of a code.
func (s *Service) useUp(tx *store.Tx, code, username string, factNumber int64) error {
	result, err := tx.Exec(`UPDATE invite SET uses_left = uses_left - 1 WHERE code = $1 AND uses_left > 0`, code)
	if err != nil {
		return fmt.Errorf("use invite up: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fault.New(fault.NotFound, "The invite code is unknown or used up."))
	}
	_, err = tx.Exec(`INSERT INTO invite_use (code, username, fact, used) VALUES ($1, $2, $3, $4)`,
		code, username, factNumber, s.now().UnixMicro())
	if err != nil {
		return fmt.Errorf("note use of invite: %w", err)
	}
	return nil
}

// followInvite uses a code up for a new account: its creator and the newcomer
// become friends, or the newcomer a member of the server it is for.
func (s *Service) followInvite(tx *store.Tx, username, code string) error {
	invite, err := usableInvite(tx, code)
	if err != nil {
		return err
	}
	var number int64
	if invite.ServerID != "" {
		number, err = s.leaveFact(tx, username, contract.FactServerInvited,
			contract.ServerInvited{Username: username, ServerID: invite.ServerID})
	} else {
		number, err = s.leaveFact(tx, username, contract.FactAccountInvited,
			contract.AccountInvited{Username: username, Inviter: invite.Creator})
	}
	if err != nil {
		return err
	}
	return s.useUp(tx, code, username, number)
}

// redeemInvite uses a server code up for an existing account.
func (s *Service) redeemInvite(ctx context.Context, caller rpc.Caller, r contract.FindInviteRequest) (contract.Redemption, error) {
	var done contract.Redemption
	code := cleanCode(r.Code)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		err := tx.QueryRow(`SELECT i.server_id, u.fact FROM invite_use u JOIN invite i ON i.code = u.code
			WHERE u.code = $1 AND u.username = $2 AND i.server_id IS NOT NULL`, code, caller.User).
			Scan(&done.ServerID, &done.Fact)
		if err == nil {
			return nil // asked again after a lost answer
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find use of invite: %w", err)
		}
		invite, err := usableInvite(tx, code)
		if err != nil {
			return err
		}
		if invite.ServerID == "" {
			return fault.New(fault.NotFound, "This code is for making an account, not for a server.")
		}
		number, err := s.leaveFact(tx, caller.User, contract.FactServerInvited, contract.ServerInvited{
			Username: caller.User, ServerID: invite.ServerID, Connection: caller.Connection})
		if err != nil {
			return err
		}
		done = contract.Redemption{ServerID: invite.ServerID, Fact: number}
		return s.useUp(tx, code, caller.User, number)
	})
	return done, err
}
