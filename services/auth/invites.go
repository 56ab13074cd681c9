package auth

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

const (
	codeAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	codeLength   = 8

	mostUses      = 1000
	longestInvite = 366 * 24 * time.Hour
	openInvites   = 1000 // of one user
)

// usable is the condition for a code that can still be used; $2 is now.
const usable = `uses_left > 0 AND (expires IS NULL OR expires > $2)`

var errNoInvite = fault.New(fault.NotFound, "The invite code is unknown or used up.")

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

func (s *Service) generateInvite(ctx context.Context, caller rpc.Caller, r wire.InviteTerms) (wire.InviteCode, error) {
	code, err := s.makeInvite(ctx, caller.User, nil, r)
	return wire.InviteCode{Code: code, Message: "Your invite code: " + code}, err
}

func (s *Service) makeServerInvite(ctx context.Context, caller rpc.Caller, r contract.MakeServerInviteRequest) (wire.InviteCode, error) {
	code, err := s.makeInvite(ctx, caller.User, &r.ServerID, r.InviteTerms)
	return wire.InviteCode{Code: code, Message: "Server invite code: " + code}, err
}

func (s *Service) makeInvite(ctx context.Context, creator string, serverID *string, terms wire.InviteTerms) (string, error) {
	uses, expires, err := s.checkTerms(terms)
	if err != nil {
		return "", err
	}
	code := newCode()
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustLive(tx, creator); err != nil {
			return err
		}
		var open int
		err := tx.QueryRow(`SELECT count(*) FROM invite WHERE creator = $1 AND `+usable, creator, s.now().UnixMicro()).Scan(&open)
		if err != nil {
			return fmt.Errorf("count invites: %w", err)
		}
		if open >= openInvites {
			return fault.New(fault.Conflict, "You have %d open invite codes. Revoke some first.", open)
		}
		_, err = tx.Exec(`INSERT INTO invite (code, creator, server_id, max_uses, uses_left, created, expires)
			VALUES ($1, $2, $3, $4, $4, $5, $6)`, code, creator, serverID, uses, s.now().UnixMicro(), expires)
		if err != nil {
			return fmt.Errorf("insert invite: %w", err)
		}
		return nil
	})
	return code, err
}

// checkTerms fills in the defaults: one use, no expiry.
func (s *Service) checkTerms(terms wire.InviteTerms) (uses int, expires *int64, err error) {
	uses = terms.MaxUses
	if uses == 0 {
		uses = 1
	}
	if uses < 1 || uses > mostUses {
		return 0, nil, fault.New(fault.Invalid, "An invite code is good for 1 to %d uses.", mostUses)
	}
	if terms.ExpiresIn < 0 || terms.ExpiresIn > int64(longestInvite.Seconds()) {
		return 0, nil, fault.New(fault.Invalid, "An invite code can live for at most a year.")
	}
	if terms.ExpiresIn > 0 {
		at := s.now().Add(time.Duration(terms.ExpiresIn) * time.Second).UnixMicro()
		expires = &at
	}
	return uses, expires, nil
}

// getInvites lists the caller's open account codes.
func (s *Service) getInvites(ctx context.Context, caller rpc.Caller, _ contract.Nothing) (wire.Invites, error) {
	return s.listInvites(ctx, `creator = $1 AND server_id IS NULL`, caller.User)
}

func (s *Service) listServerInvites(ctx context.Context, _ rpc.Caller, r contract.MakeServerInviteRequest) (wire.Invites, error) {
	return s.listInvites(ctx, `server_id = $1`, r.ServerID)
}

func (s *Service) listInvites(ctx context.Context, which, value string) (wire.Invites, error) {
	answer := wire.Invites{Invites: []wire.Invite{}}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT code, creator, uses_left, max_uses, created, expires FROM invite
			WHERE `+which+` AND `+usable+` ORDER BY created DESC, code`, value, s.now().UnixMicro())
		if err != nil {
			return fmt.Errorf("list invites: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var invite wire.Invite
			var created int64
			var expires sql.NullInt64
			if err := rows.Scan(&invite.Code, &invite.Creator, &invite.UsesLeft, &invite.MaxUses, &created, &expires); err != nil {
				return fmt.Errorf("read invite: %w", err)
			}
			invite.CreatedAt = wire.MicroTime(created)
			if expires.Valid {
				at := wire.MicroTime(expires.Int64)
				invite.ExpiresAt = &at
			}
			answer.Invites = append(answer.Invites, invite)
		}
		return rows.Err()
	})
	return answer, err
}

func (s *Service) revokeInvite(ctx context.Context, caller rpc.Caller, r wire.RevokeInvite) (contract.Nothing, error) {
	return contract.Nothing{}, s.revoke(ctx, `code = $2 AND creator = $1 AND server_id IS NULL`, caller.User, cleanCode(r.Code))
}

func (s *Service) revokeServerInvites(ctx context.Context, _ rpc.Caller, r contract.RevokeServerInvitesRequest) (contract.Nothing, error) {
	if r.Code == "" {
		return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE invite SET uses_left = 0 WHERE server_id = $1`, r.ServerID)
			return err
		})
	}
	return contract.Nothing{}, s.revoke(ctx, `code = $2 AND server_id = $1`, r.ServerID, cleanCode(r.Code))
}

func (s *Service) revoke(ctx context.Context, which, value, code string) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		result, err := tx.Exec(`UPDATE invite SET uses_left = 0 WHERE `+which+` AND uses_left > 0`, value, code)
		if err != nil {
			return fmt.Errorf("revoke invite: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errNoInvite)
		}
		return nil
	})
}

// usableInvite finds a code that is not used up.
func (s *Service) usableInvite(tx *store.Tx, code string) (contract.Invite, error) {
	var invite contract.Invite
	var serverID sql.NullString
	err := tx.QueryRow(`SELECT creator, server_id FROM invite WHERE code = $1 AND `+usable, code, s.now().UnixMicro()).
		Scan(&invite.Creator, &serverID)
	if errors.Is(err, sql.ErrNoRows) {
		return invite, errNoInvite
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
		invite, err = s.usableInvite(tx, cleanCode(r.Code))
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
		return errors.Join(err, errNoInvite)
	}
	_, err = tx.Exec(`INSERT INTO invite_use (code, username, fact, used) VALUES ($1, $2, $3, $4)
		ON CONFLICT (code, username) DO UPDATE SET fact = excluded.fact, used = excluded.used`,
		code, username, factNumber, s.now().UnixMicro())
	if err != nil {
		return fmt.Errorf("note use of invite: %w", err)
	}
	return nil
}

// followInvite uses a code up for a new account: its creator and the newcomer
// become friends, or the newcomer a member of the server it is for.
func (s *Service) followInvite(tx *store.Tx, username, code string) error {
	invite, err := s.usableInvite(tx, code)
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
func (s *Service) redeemInvite(ctx context.Context, caller rpc.Caller, r contract.RedeemInviteRequest) (contract.Redemption, error) {
	var done contract.Redemption
	code := cleanCode(r.Code)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mustLive(tx, caller.User); err != nil {
			return err
		}
		err := tx.QueryRow(`SELECT i.server_id, u.fact FROM invite_use u JOIN invite i ON i.code = u.code
			WHERE u.code = $1 AND u.username = $2 AND u.fact > $3 AND i.server_id IS NOT NULL`, code, caller.User, r.Applied).
			Scan(&done.ServerID, &done.Fact)
		if err == nil {
			return nil // asked again after a lost answer
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find use of invite: %w", err)
		}
		invite, err := s.usableInvite(tx, code)
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
