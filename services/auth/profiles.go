package auth

import (
	"context"
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

// mostProfiles bounds the names in one request.
const mostProfiles = 1000

const profileColumns = `username, display_name, avatar_kind, avatar_emoji, avatar_data, profile_version`

func scanProfile(row interface{ Scan(...any) error }, more ...any) (wire.Profile, error) {
	var p wire.Profile
	var emoji, data sql.NullString
	err := row.Scan(append([]any{&p.Username, &p.DisplayName, &p.Kind, &emoji, &data, &p.Version}, more...)...)
	if emoji.Valid {
		p.Emoji = &emoji.String
	}
	if data.Valid {
		p.Data = &data.String
	}
	return p, err
}

func profileOf(tx *store.Tx, username string) (wire.Profile, int64, error) {
	var newest int64
	row := tx.QueryRow(`SELECT `+profileColumns+`, newest_fact FROM account WHERE username = $1`, username)
	profile, err := scanProfile(row, &newest)
	if err != nil {
		return profile, 0, fmt.Errorf("read profile: %w", err)
	}
	return profile, newest, nil
}

func (s *Service) profiles(ctx context.Context, _ rpc.Caller, r contract.ProfilesRequest) (contract.ProfilesAnswer, error) {
	answer := contract.ProfilesAnswer{Profiles: []wire.Profile{}}
	if len(r.Usernames) > mostProfiles {
		return answer, fault.New(fault.Invalid, "At most %d names at once.", mostProfiles)
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for _, name := range r.Usernames {
			profile, err := scanProfile(tx.QueryRow(`SELECT `+profileColumns+` FROM account WHERE name_key = $1 AND deleted IS NULL`, nameKey(name)))
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return fmt.Errorf("read profile: %w", err)
			}
			answer.Profiles = append(answer.Profiles, profile)
		}
		return nil
	})
	return answer, err
}

func (s *Service) search(ctx context.Context, caller rpc.Caller, r contract.SearchNamesRequest) (contract.ProfilesAnswer, error) {
	answer := contract.ProfilesAnswer{Profiles: []wire.Profile{}}
	part := strings.ToLower(strings.TrimSpace(r.Query))
	if part == "" {
		return answer, nil
	}
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(part) + "%"
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT `+profileColumns+` FROM account
			WHERE name_key LIKE $1 ESCAPE '\' AND username <> $2 AND deleted IS NULL ORDER BY name_key LIMIT $3`,
			pattern, caller.User, wire.Bounds.SearchHits)
		if err != nil {
			return fmt.Errorf("search names: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			profile, err := scanProfile(rows)
			if err != nil {
				return fmt.Errorf("read profile: %w", err)
			}
			answer.Profiles = append(answer.Profiles, profile)
		}
		return rows.Err()
	})
	return answer, err
}
