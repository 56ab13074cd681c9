package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
)

const (
	// sessionLife is how long a session lives without being used.
	sessionLife = 90 * 24 * time.Hour
	// usedPrecision is how exactly the last use is noted, to write rarely.
	usedPrecision = time.Hour
	// sessionsPerUser bounds the sessions of an account; the one unused for the
	// longest goes first.
	sessionsPerUser = 100
)

// startSession makes a session and its token: 26 characters of base32, 130
// random bits. Only the token's SHA-256 is stored.
func (s *Service) startSession(tx *store.Tx, username string, origin contract.Origin) (contract.Session, error) {
	token, id := rand.Text(), rand.Text()[:16]
	now := s.now()
	_, err := tx.Exec(`INSERT INTO session (id, token_hash, username, address, user_agent, created, used)
		VALUES ($1, $2, $3, $4, $5, $6, $6)`,
		id, hashToken(token), username, origin.Address, shorten(origin.UserAgent, 300), now.UnixMicro())
	if err != nil {
		return contract.Session{}, fmt.Errorf("insert session: %w", err)
	}
	_, err = tx.Exec(`DELETE FROM session WHERE username = $1 AND (used < $2 OR id IN (
			SELECT id FROM session WHERE username = $1 ORDER BY used DESC, id LIMIT -1 OFFSET $3))`,
		username, now.Add(-sessionLife).UnixMicro(), sessionsPerUser)
	if err != nil {
		return contract.Session{}, fmt.Errorf("drop old sessions: %w", err)
	}
	profile, atLeast, err := profileOf(tx, username)
	return contract.Session{ID: id, Token: token, Profile: profile, AtLeast: atLeast}, err
}

// resume finds the session of a token.
func (s *Service) resume(ctx context.Context, _ rpc.Caller, r contract.ResumeRequest) (contract.Session, error) {
	var session contract.Session
	var used int64
	now := s.now()
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var username string
		err := tx.QueryRow(`SELECT id, username, used FROM session WHERE token_hash = $1 AND used >= $2`,
			hashToken(r.Token), now.Add(-sessionLife).UnixMicro()).Scan(&session.ID, &username, &used)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Unauthenticated, "The session has ended. Please log in again.")
		}
		if err != nil {
			return fmt.Errorf("find session: %w", err)
		}
		session.Profile, session.AtLeast, err = profileOf(tx, username)
		return err
	})
	if err != nil {
		return contract.Session{}, err
	}
	if now.Sub(time.UnixMicro(used)) > usedPrecision {
		err = s.db.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE session SET used = $1 WHERE id = $2`, now.UnixMicro(), session.ID)
			return err
		})
		if err != nil {
			return contract.Session{}, fmt.Errorf("note use of session: %w", err)
		}
	}
	return session, nil
}

// logout ends the caller's session; its sockets are closed.
func (s *Service) logout(ctx context.Context, caller rpc.Caller, _ contract.Nothing) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM session WHERE id = $1 AND username = $2`, caller.Session, caller.User)
		if err != nil {
			return fmt.Errorf("delete session: %w", err)
		}
		tx.AfterCommit(func() {
			s.events.Publish(event.User(caller.User), nil, event.End(caller.Session))
		})
		return nil
	})
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// shorten cuts text to at most limit bytes without cutting a character.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
