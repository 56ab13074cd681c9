// Package conversation owns what clients see of a conversation log: messages
// sent, edited, deleted and read as frames, each change published after its
// commit. Who may do what is asked of the service that owns the conversation,
// inside the transaction that does it.
package conversation

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"
	"unicode/utf8"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/text"
	"decentra.local/pkg/wire"
)

// mostChanges bounds one answer of Changes; a client that missed more fetches a
// fresh page.
const mostChanges = 500

// Place is a conversation that the caller may act on, as its owner found it.
type Place struct {
	Log       string        // the conversation's id in the log
	Context   string        // as clients name it
	ContextID *string       // nil for the lobby
	Audience  []event.Topic // who hears of changes
	Keep      int           // how many messages are kept; 0: all
	Moderates bool          // the caller may delete what others wrote
}

// Find authorises the caller and finds the conversation, within the transaction
// that acts on it.
type Find func(tx *store.Tx) (Place, error)

// Desk does the work for one service's conversations.
type Desk struct {
	db     *store.DB
	events *event.Publisher
	now    func() time.Time
	self   string // no other desk's, whose data may have been other
}

// NewDesk makes one.
func NewDesk(db *store.DB, events *event.Publisher, now func() time.Time) *Desk {
	return &Desk{db: db, events: events, now: now, self: rand.Text()[:16]}
}

// Send stores a message. Errors: invalid, too_large, and those of find.
func (d *Desk) Send(ctx context.Context, caller rpc.Caller, r wire.SendMessage, find Find) (wire.Sent, error) {
	content, err := text.Body(r.Content, wire.Bounds.Message)
	if err != nil {
		return wire.Sent{}, err
	}
	if utf8.RuneCountInString(r.Nonce) > wire.Bounds.Nonce {
		return wire.Sent{}, fault.New(fault.TooLarge, "A nonce may have at most %d characters.", wire.Bounds.Nonce)
	}
	var sent wire.Sent
	err = d.db.Update(ctx, func(tx *store.Tx) error {
		place, err := find(tx)
		if err != nil {
			return err
		}
		m, repeated, err := convlog.Append(tx, place.Log, caller.User, content, r.Nonce, d.now())
		if err != nil {
			return err
		}
		sent = wire.Sent{ID: m.ID, Nonce: m.Nonce, Timestamp: wire.Time{Time: m.Created}, Seq: m.Seq}
		if repeated {
			return nil
		}
		if place.Keep > 0 {
			if err := convlog.Trim(tx, place.Log, place.Keep); err != nil {
				return err
			}
		}
		d.publish(tx, place, wire.Message{
			ID: m.ID, Seq: m.Seq, Username: m.Author, Content: m.Content, Timestamp: wire.Time{Time: m.Created},
			Context: place.Context, ContextID: place.ContextID, Nonce: m.Nonce,
		})
		return nil
	})
	return sent, err
}

// Edit replaces the content of the caller's own message. Errors: invalid,
// too_large, not_found, permission_denied for another's, and those of find.
func (d *Desk) Edit(ctx context.Context, caller rpc.Caller, r wire.EditMessage, find Find) (wire.Changed, error) {
	content, err := text.Body(r.Content, wire.Bounds.Message)
	if err != nil {
		return wire.Changed{}, err
	}
	var changed wire.Changed
	err = d.db.Update(ctx, func(tx *store.Tx) error {
		place, err := find(tx)
		if err != nil {
			return err
		}
		m, err := convlog.Get(tx, place.Log, r.ID)
		if err != nil {
			return err
		}
		if m.Author != caller.User {
			return fault.New(fault.PermissionDenied, "Only its author can edit a message.")
		}
		m, err = convlog.Edit(tx, place.Log, r.ID, content, d.now())
		if err != nil {
			return err
		}
		changed = wire.Changed{ID: m.ID, Seq: m.Seq}
		d.publish(tx, place, wire.MessageEdited{
			ID: m.ID, Seq: m.Seq, Username: m.Author, Content: m.Content, Timestamp: wire.Time{Time: m.Created},
			EditedAt: wire.Time{Time: m.Edited}, Context: place.Context, ContextID: place.ContextID,
		})
		return nil
	})
	return changed, err
}

// Delete takes a message away: the author's own, or anybody's where the caller
// moderates. Errors: not_found, permission_denied, and those of find.
func (d *Desk) Delete(ctx context.Context, caller rpc.Caller, r wire.DeleteMessage, find Find) (wire.Changed, error) {
	var changed wire.Changed
	err := d.db.Update(ctx, func(tx *store.Tx) error {
		place, err := find(tx)
		if err != nil {
			return err
		}
		m, err := convlog.Get(tx, place.Log, r.ID)
		if err != nil {
			return err
		}
		if m.Author != caller.User && !place.Moderates {
			return fault.New(fault.PermissionDenied, "You can't delete this message.")
		}
		m, err = convlog.Delete(tx, place.Log, r.ID, d.now())
		if err != nil {
			return err
		}
		changed = wire.Changed{ID: m.ID, Seq: m.Seq}
		d.publish(tx, place, wire.MessageDeleted{ID: m.ID, Seq: m.Seq, Username: m.Author, Context: place.Context, ContextID: place.ContextID})
		return nil
	})
	return changed, err
}

// Page reads a page of the history. It has a mark: as long as the conversation does not
// change, which trimming alone never does, the page is the same for all who may read it.
// Errors: invalid, and those of find.
func (d *Desk) Page(ctx context.Context, w wire.Window, find Find) (wire.HistoryPage, error) {
	page := wire.HistoryPage{}
	if w.Limit < 0 || w.Limit > wire.Bounds.HistoryMost {
		return page, fault.New(fault.Invalid, "The limit must be 1 to %d.", wire.Bounds.HistoryMost)
	}
	err := d.db.View(ctx, func(tx *store.Tx) error {
		place, err := find(tx)
		if err != nil {
			return err
		}
		seq, err := convlog.LastChange(tx, place.Log)
		if err != nil {
			return err
		}
		if rpc.Marked(ctx, d.self+"-"+strconv.FormatInt(seq, 10)) {
			return nil
		}
		page, err = read(tx, place, w)
		return err
	})
	return page, err
}

func read(tx *store.Tx, place Place, w wire.Window) (wire.HistoryPage, error) {
	p, err := convlog.Read(tx, place.Log, convlog.Window{Before: w.Before, After: w.After, Around: w.Around, Limit: w.Limit})
	if err != nil {
		return wire.HistoryPage{}, err
	}
	return wire.HistoryPage{
		Messages: stored(p.Messages, place), Seq: p.Seq, MoreBefore: p.MoreBefore, MoreAfter: p.MoreAfter,
	}, nil
}

// Changes reads what changed after a number. Errors: invalid, and those of find.
func (d *Desk) Changes(ctx context.Context, after int64, find Find) (wire.Changes, error) {
	var changes wire.Changes
	if after < 0 {
		return changes, fault.New(fault.Invalid, "The field after must not be negative.")
	}
	err := d.db.View(ctx, func(tx *store.Tx) error {
		place, err := find(tx)
		if err != nil {
			return err
		}
		delta, err := convlog.Changes(tx, place.Log, after, mostChanges)
		if err != nil {
			return err
		}
		changes = wire.Changes{
			Context: place.Context, ContextID: place.ContextID,
			Messages: stored(delta.Messages, place), Seq: delta.Seq, Reset: delta.Reset,
		}
		return nil
	})
	return changes, err
}

// MarkRead moves the caller's read mark. Errors: those of find.
func (d *Desk) MarkRead(ctx context.Context, caller rpc.Caller, id int64, find Find) (wire.Progress, error) {
	var marked wire.Progress
	err := d.db.Update(ctx, func(tx *store.Tx) error {
		place, err := find(tx)
		if err != nil {
			return err
		}
		p, err := convlog.MarkRead(tx, place.Log, caller.User, id)
		if err != nil {
			return err
		}
		marked = progressIn(place.Context, place.ContextID, p)
		tx.AfterCommit(func() { d.events.Publish(event.User(caller.User), wire.ReadMarked{Progress: marked}) })
		return nil
	})
	return marked, err
}

// Progress reads how far the reader is in a conversation.
func Progress(tx *store.Tx, place Place, reader string) (wire.Progress, error) {
	p, err := convlog.ReadProgress(tx, place.Log, reader)
	return progressIn(place.Context, place.ContextID, p), err
}

func progressIn(context string, contextID *string, p convlog.Progress) wire.Progress {
	return wire.Progress{Context: context, ContextID: contextID, Seq: p.Seq, Read: p.Read, Unread: p.Unread}
}

// Typing tells the audience that the caller is writing. Errors: those of find.
func (d *Desk) Typing(ctx context.Context, caller rpc.Caller, find Find) error {
	var place Place
	err := d.db.View(ctx, func(tx *store.Tx) (err error) {
		place, err = find(tx)
		return err
	})
	if err != nil {
		return err
	}
	frame := wire.UserTyping{Context: place.Context, ContextID: place.ContextID, Username: caller.User}
	for _, topic := range place.Audience {
		d.events.Publish(topic, frame, event.NotTo(caller.User))
	}
	return nil
}

// publish tells the audience, once the change is committed.
func (d *Desk) publish(tx *store.Tx, place Place, frame wire.Frame) {
	tx.AfterCommit(func() {
		for _, topic := range place.Audience {
			d.events.Publish(topic, frame)
		}
	})
}

func stored(messages []convlog.Message, place Place) []wire.StoredMessage {
	all := make([]wire.StoredMessage, 0, len(messages))
	for _, m := range messages {
		s := wire.StoredMessage{
			ID: m.ID, Seq: m.Seq, Username: m.Author, Content: m.Content, Timestamp: wire.Time{Time: m.Created},
			ContextType: place.Context, Nonce: m.Nonce, Deleted: m.Deleted,
		}
		if place.ContextID != nil {
			s.ContextID = *place.ContextID
		}
		if !m.Edited.IsZero() {
			s.EditedAt = &wire.Time{Time: m.Edited}
		}
		all = append(all, s)
	}
	return all
}

// Required returns the id that a frame about a conversation must have.
func Required(id *string) (string, error) {
	if id == nil || *id == "" {
		return "", fault.New(fault.Invalid, "The field context_id is missing.")
	}
	return *id, nil
}
