package client

import (
	"fmt"

	"decentra.local/pkg/wire"
)

// Differs says how the mirror's view of a place differs from the history that
// was read over REST; nil: not at all.
func (m *Mirror) Differs(p Place, history []wire.StoredMessage, seq int64) error {
	if err := m.Err(); err != nil {
		return fmt.Errorf("mirror %s gave up: %w", m.Name, err)
	}
	if last := m.Seq(p); last != seq {
		return fmt.Errorf("mirror %s holds change %d of %s, the server %d", m.Name, last, p.ID, seq)
	}
	mine := m.Messages(p)
	for i := range max(len(mine), len(history)) {
		switch {
		case i >= len(mine):
			return fmt.Errorf("mirror %s lacks message %d of %s", m.Name, history[i].ID, p.ID)
		case i >= len(history):
			return fmt.Errorf("mirror %s has message %d of %s, the server not", m.Name, mine[i].ID, p.ID)
		case !same(mine[i], history[i]):
			return fmt.Errorf("mirror %s has %+v in %s, the server %+v", m.Name, mine[i], p.ID, history[i])
		}
	}
	return m.checkJournal(p)
}

// checkJournal holds the mirror itself to its rules: numbers only grow, and
// between two events in a row there is no hole.
func (m *Mirror) checkJournal(p Place) error {
	last := int64(0)
	journal := m.Journal(p)
	for i, e := range journal {
		if e.Seq <= last && e.Kind != "page" {
			return fmt.Errorf("mirror %s applied change %d of %s after %d", m.Name, e.Seq, p.ID, last)
		}
		if i > 0 && !e.Caught && e.Seq != last+1 && !journal[i-1].Caught {
			return fmt.Errorf("mirror %s applied the event %d of %s after %d", m.Name, e.Seq, p.ID, last)
		}
		last = max(last, e.Seq)
	}
	return nil
}

func same(a, b wire.StoredMessage) bool {
	if (a.EditedAt == nil) != (b.EditedAt == nil) {
		return false
	}
	if a.EditedAt != nil && !a.EditedAt.Equal(b.EditedAt.Time) {
		return false
	}
	return a.ID == b.ID && a.Seq == b.Seq && a.Username == b.Username && a.Content == b.Content &&
		a.Timestamp.Equal(b.Timestamp.Time) && a.Nonce == b.Nonce && !a.Deleted && !b.Deleted
}

// CheckHistory holds a history to the rules of every conversation: ids and times
// only grow, no nonce of an author comes twice.
func CheckHistory(history []wire.StoredMessage) error {
	type mark struct{ username, nonce string }
	seen := map[mark]int64{}
	for i, m := range history {
		if i > 0 && m.ID <= history[i-1].ID {
			return fmt.Errorf("message %d comes after %d", m.ID, history[i-1].ID)
		}
		if i > 0 && m.Timestamp.Before(history[i-1].Timestamp.Time) {
			return fmt.Errorf("message %d of %s comes after %d of %s", m.ID, m.Timestamp, history[i-1].ID, history[i-1].Timestamp)
		}
		if m.Nonce == "" {
			continue
		}
		who := mark{m.Username, m.Nonce}
		if earlier, ok := seen[who]; ok {
			return fmt.Errorf("messages %d and %d of %s have the same nonce %q", earlier, m.ID, m.Username, m.Nonce)
		}
		seen[who] = m.ID
	}
	return nil
}
