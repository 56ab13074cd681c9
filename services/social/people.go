package social

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/conversation"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// pair orders two names as the tables have them.
func pair(a, b string) (first, second string) {
	if a < b {
		return a, b
	}
	return b, a
}

// profiles asks auth how people look. Who is gone, and not here yet, is left as
// somebody that nothing is known of.
func (s *Service) profiles(ctx context.Context, names []string) (map[string]wire.Profile, error) {
	found := make(map[string]wire.Profile, len(names))
	for part := range slices.Chunk(names, 1000) {
		answer, err := rpc.Call(ctx, s.nc, contract.Profiles, rpc.Caller{}, contract.ProfilesRequest{Usernames: part})
		if err != nil {
			return nil, err
		}
		for _, p := range answer.Profiles {
			found[p.Username] = p
		}
	}
	for _, name := range names {
		if _, ok := found[name]; !ok {
			found[name] = wire.Profile{Username: name, Avatar: wire.DefaultAvatar()}
		}
	}
	return found, nil
}

// both finds the caller and the user that a frame names, in any spelling.
func (s *Service) both(ctx context.Context, caller rpc.Caller, named string) (me, other wire.Profile, err error) {
	named = strings.TrimSpace(named)
	if named == "" {
		return me, other, fault.New(fault.Invalid, "The field username is missing.")
	}
	answer, err := rpc.Call(ctx, s.nc, contract.Profiles, rpc.Caller{}, contract.ProfilesRequest{Usernames: []string{caller.User, named}})
	if err != nil {
		return me, other, err
	}
	if len(answer.Profiles) < 2 {
		return me, other, errNoUser(named)
	}
	return answer.Profiles[0], answer.Profiles[1], nil
}

// keepProfile notes how somebody looks now.
func keepProfile(tx *store.Tx, profile wire.Profile) error {
	data, err := json.Marshal(profile)
	if err != nil {
		return fmt.Errorf("encode profile: %w", err)
	}
	_, err = tx.Exec(`INSERT INTO profile (username, data) VALUES ($1, $2)
		ON CONFLICT (username) DO UPDATE SET data = excluded.data`, profile.Username, string(data))
	if err != nil {
		return fmt.Errorf("store profile: %w", err)
	}
	return nil
}

// asOfNow brings profiles that auth told before the transaction up to the facts
// that were applied since, for who is told of them now has not heard of those:
// not_found when an account is gone.
func asOfNow(tx *store.Tx, profiles ...*wire.Profile) error {
	for _, p := range profiles {
		if gone, err := exists(tx, `SELECT EXISTS (SELECT 1 FROM departed WHERE username = $1)`, p.Username); err != nil {
			return err
		} else if gone {
			return errNoUser(p.Username)
		}
		var data string
		err := tx.QueryRow(`SELECT data FROM profile WHERE username = $1`, p.Username).Scan(&data)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		var kept wire.Profile
		if err == nil {
			err = json.Unmarshal([]byte(data), &kept)
		}
		if err != nil {
			return fmt.Errorf("read profile: %w", err)
		}
		if kept.Version > p.Version {
			*p = kept
		}
	}
	return nil
}

func errNoUser(named string) error {
	return fault.New(fault.NotFound, "There is no user %.64s.", strings.TrimSpace(named))
}

func (s *Service) search(ctx context.Context, caller rpc.Caller, r wire.SearchUsers) (wire.SearchResults, error) {
	results := wire.SearchResults{Results: []wire.SearchHit{}}
	found, err := rpc.Call(ctx, s.nc, contract.SearchNames, caller, contract.SearchNamesRequest{Query: r.Query})
	if err != nil || len(found.Profiles) == 0 {
		return results, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		for _, p := range found.Profiles {
			hit := wire.SearchHit{Profile: p}
			blocked, err := hasBlocked(tx, p.Username, caller.User)
			if err != nil {
				return err
			}
			if blocked {
				continue // as if there were no such user
			}
			if hit.IsFriend, err = areFriends(tx, caller.User, p.Username); err != nil {
				return err
			}
			if hit.RequestSent, err = hasAsked(tx, caller.User, p.Username); err != nil {
				return err
			}
			if hit.RequestReceived, err = hasAsked(tx, p.Username, caller.User); err != nil {
				return err
			}
			results.Results = append(results.Results, hit)
		}
		return nil
	})
	return results, err
}

// snapshot is social's part of `init`.
func (s *Service) snapshot(ctx context.Context, caller rpc.Caller, r contract.SnapshotRequest) (contract.SocialState, error) {
	if err := s.facts.UpTo(ctx, r.AtLeast); err != nil {
		return contract.SocialState{}, err
	}
	var friends, sent, received, blocked []string
	var dms []dm
	state := contract.SocialState{Read: []wire.Progress{}, Online: []string{}}
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if friends, err = friendsOf(tx, caller.User); err != nil {
			return err
		}
		if sent, err = listNames(tx, `SELECT asked FROM request WHERE requester = $1 ORDER BY created, asked`, caller.User); err != nil {
			return err
		}
		if received, err = listNames(tx, `SELECT requester FROM request WHERE asked = $1 ORDER BY created, requester`, caller.User); err != nil {
			return err
		}
		if blocked, err = listNames(tx, `SELECT blocked FROM block WHERE blocker = $1 ORDER BY created, blocked`, caller.User); err != nil {
			return err
		}
		if state.Settings.Friends, err = s.policyOf(tx, caller.User); err != nil {
			return err
		}
		if dms, err = dmsOf(tx, caller.User); err != nil {
			return err
		}
		for _, d := range dms {
			p, err := conversation.Progress(tx, conversation.Place{Log: d.id, Context: wire.ContextDM, ContextID: &d.id}, caller.User)
			if err != nil {
				return err
			}
			state.Read = append(state.Read, p)
		}
		return nil
	})
	if err != nil {
		return contract.SocialState{}, err
	}
	for _, name := range friends {
		if s.roster.Online(name) {
			state.Online = append(state.Online, name)
		}
	}
	everybody := slices.Concat(friends, sent, received, blocked)
	for _, d := range dms {
		everybody = append(everybody, d.other)
	}
	slices.Sort(everybody)
	known, err := s.profiles(ctx, slices.Compact(everybody))
	if err != nil {
		return contract.SocialState{}, err
	}
	list := func(names []string) []wire.Profile {
		profiles := make([]wire.Profile, 0, len(names))
		for _, name := range names {
			profiles = append(profiles, known[name])
		}
		return profiles
	}
	state.DMs = make([]wire.DM, 0, len(dms))
	state.Friends, state.Blocked = list(friends), list(blocked)
	state.RequestsSent, state.RequestsReceived = list(sent), list(received)
	for _, d := range dms {
		other := known[d.other]
		if d.departed {
			other = wire.DeletedProfile()
		}
		state.DMs = append(state.DMs, wire.DM{ID: d.id, Profile: other})
	}
	return state, nil
}
