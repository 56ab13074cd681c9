package social

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/conversation"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// dm is a direct conversation as one of the two sees it.
type dm struct {
	id, other string
	departed  bool // the other's account is gone
}

func dmsOf(tx *store.Tx, username string) ([]dm, error) {
	rows, err := tx.Query(`SELECT id, other, EXISTS (SELECT 1 FROM departed WHERE username = other)
		FROM (SELECT id, created, CASE WHEN first = $1 THEN second ELSE first END AS other FROM dm WHERE first = $1 OR second = $1) AS mine
		ORDER BY created, id`, username)
	if err != nil {
		return nil, fmt.Errorf("list dms: %w", err)
	}
	defer rows.Close()
	var all []dm
	for rows.Next() {
		var d dm
		if err := rows.Scan(&d.id, &d.other, &d.departed); err != nil {
			return nil, fmt.Errorf("read dm: %w", err)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// startDM opens the one DM of a pair of friends. Both are told of a new one; of
// one that is there already, only who asked.
func (s *Service) startDM(ctx context.Context, caller rpc.Caller, r wire.Peer) (wire.DMStarted, error) {
	me, other, err := s.both(ctx, caller, r.Username)
	if err != nil {
		return wire.DMStarted{}, err
	}
	if me.Username == other.Username {
		return wire.DMStarted{}, fault.New(fault.Invalid, "That is you.")
	}
	first, second := pair(me.Username, other.Username)
	var mine wire.DMStarted
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := asOfNow(tx, &me, &other); err != nil {
			return err
		}
		mine.DM.Profile = other
		err := tx.QueryRow(`SELECT id FROM dm WHERE first = $1 AND second = $2`, first, second).Scan(&mine.DM.ID)
		if err == nil {
			tx.AfterCommit(func() { s.events.Publish(event.User(me.Username), mine) })
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find dm: %w", err)
		}
		if friends, err := areFriends(tx, me.Username, other.Username); err != nil {
			return err
		} else if blocked, err := hasBlocked(tx, other.Username, me.Username); err != nil {
			return err
		} else if blocked {
			return errNoUser(r.Username)
		} else if !friends {
			return fault.New(fault.PermissionDenied, "You can write to friends only.")
		}
		mine.DM.ID = rand.Text()[:16]
		_, err = tx.Exec(`INSERT INTO dm (id, first, second, created) VALUES ($1, $2, $3, $4)`,
			mine.DM.ID, first, second, s.now().UnixMicro())
		if err != nil {
			return fmt.Errorf("insert dm: %w", err)
		}
		if err := convlog.Create(tx, mine.DM.ID); err != nil {
			return err
		}
		theirs := wire.DMStarted{DM: wire.DM{ID: mine.DM.ID, Profile: me}}
		tx.AfterCommit(func() {
			s.events.Publish(event.User(me.Username), mine)
			s.events.Publish(event.User(other.Username), theirs)
		})
		return nil
	})
	return mine, err
}

// find authorises a participant. New messages are for friends only.
func find(caller rpc.Caller, id string, writes bool) conversation.Find {
	return func(tx *store.Tx) (conversation.Place, error) {
		var first, second string
		err := tx.QueryRow(`SELECT first, second FROM dm WHERE id = $1 AND (first = $2 OR second = $2)`, id, caller.User).
			Scan(&first, &second)
		if errors.Is(err, sql.ErrNoRows) {
			return conversation.Place{}, fault.New(fault.NotFound, "There is no such conversation.")
		}
		if err != nil {
			return conversation.Place{}, fmt.Errorf("find dm: %w", err)
		}
		if writes {
			if friends, err := areFriends(tx, first, second); err != nil {
				return conversation.Place{}, err
			} else if !friends {
				return conversation.Place{}, fault.New(fault.PermissionDenied, "You can write to friends only.")
			}
		}
		return conversation.Place{
			Log: id, Context: wire.ContextDM, ContextID: &id,
			Audience: []event.Topic{event.User(first), event.User(second)},
		}, nil
	}
}

// place is find for a frame's context_id.
func place(caller rpc.Caller, contextID *string, writes bool) conversation.Find {
	return func(tx *store.Tx) (conversation.Place, error) {
		id, err := conversation.Required(contextID)
		if err != nil {
			return conversation.Place{}, err
		}
		return find(caller, id, writes)(tx)
	}
}

func (s *Service) send(ctx context.Context, caller rpc.Caller, r wire.SendMessage) (wire.Sent, error) {
	return s.desk.Send(ctx, caller, r, place(caller, r.ContextID, true))
}

func (s *Service) edit(ctx context.Context, caller rpc.Caller, r wire.EditMessage) (wire.Changed, error) {
	return s.desk.Edit(ctx, caller, r, place(caller, r.ContextID, true))
}

func (s *Service) delete(ctx context.Context, caller rpc.Caller, r wire.DeleteMessage) (wire.Changed, error) {
	return s.desk.Delete(ctx, caller, r, place(caller, r.ContextID, false))
}

func (s *Service) markRead(ctx context.Context, caller rpc.Caller, r wire.MarkRead) (wire.Progress, error) {
	return s.desk.MarkRead(ctx, caller, r.ID, place(caller, r.ContextID, false))
}

func (s *Service) typing(ctx context.Context, caller rpc.Caller, r wire.Typing) (contract.Nothing, error) {
	return contract.Nothing{}, s.desk.Typing(ctx, caller, place(caller, r.ContextID, true))
}

func (s *Service) history(ctx context.Context, caller rpc.Caller, r wire.GetDMHistory) (wire.DMHistory, error) {
	page, err := s.desk.Page(ctx, r.Window, find(caller, r.DMID, false))
	return wire.DMHistory{DMID: r.DMID, HistoryPage: page}, err
}

func (s *Service) changes(ctx context.Context, caller rpc.Caller, r wire.GetChanges) (wire.Changes, error) {
	return s.desk.Changes(ctx, r.After, place(caller, r.ContextID, false))
}
