package original

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Move is one taking over of an original installation: what is read, what became
// of its names on the way, and the report.
type Move struct {
	From *Database
	// Names has the user name that each user name of the original became.
	Names map[string]string
	// Servers has the id that each server's id became.
	Servers map[string]string

	taken map[string]int // by what
	there map[string]int // taken by an earlier run
	notes []string
}

// NewMove starts one.
func NewMove(from *Database) *Move {
	return &Move{From: from, Names: map[string]string{}, Servers: map[string]string{}, taken: map[string]int{}, there: map[string]int{}}
}

// Took counts things that were taken over now, and those that an earlier run had
// taken. What is their plural, as the report has it.
func (m *Move) Took(what string, taken, there int) {
	m.taken[what] += taken
	m.there[what] += there
}

// Note adds a line for whatever was changed on the way, or not taken.
func (m *Move) Note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}

// Taken is how many of something were taken over by this run.
func (m *Move) Taken(what string) int { return m.taken[what] }

// Notes are the lines so far.
func (m *Move) Notes() []string { return m.notes }

// Report prints what happened, for the person who asked for it.
func (m *Move) Report(out io.Writer) {
	list := func(counts map[string]int) string {
		var parts []string
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			if counts[what] > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", counts[what], what))
			}
		}
		if parts == nil {
			return "nothing"
		}
		return strings.Join(parts, ", ")
	}
	fmt.Fprintln(out, "Taken over:", list(m.taken))
	fmt.Fprintln(out, "Taken over before:", list(m.there))
	if len(m.notes) == 0 {
		fmt.Fprintln(out, "Nothing was left behind or changed.")
		return
	}
	fmt.Fprintln(out, "Left behind or changed:")
	for _, note := range m.notes {
		fmt.Fprintln(out, "  -", note)
	}
}
