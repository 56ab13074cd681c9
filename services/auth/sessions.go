package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/text"
	"decentra.local/pkg/wire"
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
		id, hashToken(token), username, origin.Address, text.Cut(origin.UserAgent, 300), now.UnixMicro())
	if err != nil {
		return contract.Session{}, fmt.Errorf("insert session: %w", err)
	}
	// What is too old is not dropped for that: the clock may be wrong.
	err = s.endSessions(tx, username, `id IN (
		SELECT id FROM session WHERE username = $1 ORDER BY used DESC, id LIMIT -1 OFFSET $2)`, sessionsPerUser)
	if err != nil {
		return contract.Session{}, fmt.Errorf("drop old sessions: %w", err)
	}
	profile, atLeast, err := profileOf(tx, username)
	return contract.Session{ID: id, Token: token, Profile: profile, AtLeast: atLeast}, err
}

// resume finds the session of a token.
func (s *Service) resume(ctx context.Context, _ rpc.Caller, r contract.ResumeRequest) (contract.Session, error) {
	var session contract.Session
	var created, used int64
	now := s.now()
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		session.Profile, err = scanProfile(tx.QueryRow(`SELECT `+profileColumns+`, newest_fact, id, session.created, used
			FROM session JOIN account USING (username) WHERE token_hash = $1 AND used >= $2`,
			hashToken(r.Token), now.Add(-sessionLife).UnixMicro()), &session.AtLeast, &session.ID, &created, &used)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Unauthenticated, "The session has ended. Please log in again.")
		}
		if err != nil {
			return fmt.Errorf("find session: %w", err)
		}
		return nil
	})
	if err != nil {
		return contract.Session{}, err
	}
	// It was used later than now if the clock was wrong. It is wrong now if the
	// session was not even made, as on a machine that starts without a clock.
	since := now.Sub(time.UnixMicro(used))
	if since > usedPrecision || since < -usedPrecision && now.UnixMicro() >= created {
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

// mostSessions bounds the ids in one request.
const mostSessions = 1000

func (s *Service) liveSessions(ctx context.Context, _ rpc.Caller, r contract.LiveSessionsRequest) (contract.LiveSessionsAnswer, error) {
	answer := contract.LiveSessionsAnswer{IDs: []string{}}
	if len(r.IDs) > mostSessions {
		return answer, fault.New(fault.Invalid, "At most %d sessions at once.", mostSessions)
	}
	oldest := s.now().Add(-sessionLife).UnixMicro()
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for _, id := range r.IDs {
			var lives bool
			err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM session WHERE id = $1 AND used >= $2)`, id, oldest).Scan(&lives)
			if err != nil {
				return fmt.Errorf("find session: %w", err)
			}
			if lives {
				answer.IDs = append(answer.IDs, id)
			}
		}
		return nil
	})
	return answer, err
}

// logout ends the caller's session; its sockets are closed.
func (s *Service) logout(ctx context.Context, caller rpc.Caller, _ contract.Nothing) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		return s.endSessions(tx, caller.User, `id = $2`, caller.Session)
	})
}

func (s *Service) revokeSession(ctx context.Context, caller rpc.Caller, r wire.RevokeSession) (contract.Nothing, error) {
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		var mine bool
		err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM session WHERE username = $1 AND id = $2)`, caller.User, r.ID).Scan(&mine)
		if err != nil {
			return fmt.Errorf("find session: %w", err)
		}
		if !mine {
			return fault.New(fault.NotFound, "There is no such session.")
		}
		return s.endSessions(tx, caller.User, `id = $2`, r.ID)
	})
}

// endSessions ends those of a user's sessions that the condition on $2 picks,
// and closes their sockets.
func (s *Service) endSessions(tx *store.Tx, username, which string, value any) error {
	rows, err := tx.Query(`DELETE FROM session WHERE username = $1 AND `+which+` RETURNING id`, username, value)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("read ended session: %w", err)
		}
		tx.AfterCommit(func() { s.events.Publish(event.User(username), nil, event.End(id)) })
	}
	return rows.Err()
}

func (s *Service) getSessions(ctx context.Context, caller rpc.Caller, _ contract.Nothing) (wire.Sessions, error) {
	answer := wire.Sessions{Sessions: []wire.SessionInfo{}}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT id, address, user_agent, created, used FROM session
			WHERE username = $1 AND used >= $2 ORDER BY used DESC, created DESC`, caller.User, s.now().Add(-sessionLife).UnixMicro())
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var info wire.SessionInfo
			var created, used int64
			if err := rows.Scan(&info.ID, &info.Address, &info.UserAgent, &created, &used); err != nil {
				return fmt.Errorf("read session: %w", err)
			}
			info.CreatedAt, info.UsedAt = wire.MicroTime(created), wire.MicroTime(used)
			info.Current = info.ID == caller.Session
			answer.Sessions = append(answer.Sessions, info)
		}
		return rows.Err()
	})
	return answer, err
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
