package bench

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"decentra.local/e2e/internal/installation"
)

const relayColumn = "relay"

var columns = map[installation.Topology]string{installation.AllInOne: "all in one", installation.Split: "split"}

// report collects what was measured.
type report struct {
	sections []*section
}

// section is a table.
type section struct {
	title string
	note  string
	rows  []*row
}

// row is one figure of every system, once for each repetition.
type row struct {
	what   string
	values map[string][]float64
}

func (r *report) section(title, note string) *section {
	s := &section{title: title, note: note}
	r.sections = append(r.sections, s)
	return s
}

// add enters a measured value.
func (s *section) add(what string, of *system, value float64) {
	i := slices.IndexFunc(s.rows, func(r *row) bool { return r.what == what })
	if i < 0 {
		i = len(s.rows)
		s.rows = append(s.rows, &row{what: what, values: map[string][]float64{}})
	}
	s.rows[i].values[of.name] = append(s.rows[i].values[of.name], value)
	fmt.Printf("  %-12s %-60s %s\n", of.name, what, number(value))
}

// row finds one by name.
func (s *section) row(what string) *row {
	return s.rows[slices.IndexFunc(s.rows, func(r *row) bool { return r.what == what })]
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// whole shows a number that was chosen, not measured.
func whole[N int | int64](n N) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// number shows three digits of what was measured.
func number(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 1000:
		return whole(int64(v + 0.5))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// table is Markdown that can be read as it is.
func (s *section) table() string {
	systems := []string{columns[installation.AllInOne], columns[installation.Split]}
	measured := slices.ContainsFunc(s.rows, func(r *row) bool { return r.values[relayColumn] != nil })
	head := []string{""}
	if measured {
		head = append(head, relayColumn)
	}
	for _, name := range systems {
		head = append(head, name)
		if measured {
			head = append(head, "ratio")
		}
	}
	lines := [][]string{head}
	for _, r := range s.rows {
		line := []string{r.what}
		base := 0.0
		if measured {
			cell := ""
			if values := r.values[relayColumn]; len(values) > 0 {
				base = median(values)
				cell = number(base)
			}
			line = append(line, cell)
		}
		for _, name := range systems {
			values := r.values[name]
			if len(values) == 0 {
				line = append(line, "")
			} else {
				line = append(line, number(median(values)))
			}
			if measured {
				ratio := ""
				if base > 0 && len(values) > 0 {
					ratio = number(median(values) / base)
				}
				line = append(line, ratio)
			}
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(head))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	write := func(line []string) {
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString("| " + cell + pad + " |")
			} else {
				b.WriteString(" " + pad + cell + " |")
			}
		}
		b.WriteString("\n")
	}
	write(lines[0])
	b.WriteString("|" + strings.Repeat("-", widths[0]+2) + "|")
	for _, width := range widths[1:] {
		b.WriteString(strings.Repeat("-", width+1) + ":|")
	}
	b.WriteString("\n")
	for _, line := range lines[1:] {
		write(line)
	}
	return b.String()
}

// String is the report's tables.
func (r *report) String() string {
	var b strings.Builder
	for _, s := range r.sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s", s.title, s.note, s.table())
	}
	return b.String()
}

// machine says what was measured on.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	memory := ""
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kilobytes int
		if _, err := fmt.Sscanf(string(info), "MemTotal: %d kB", &kilobytes); err == nil {
			memory = fmt.Sprintf(", %d GiB of memory", (kilobytes+1<<19)>>20)
		}
	}
	return fmt.Sprintf("%d processors (%s)%s, %s", runtime.NumCPU(), model, memory, runtime.Version())
}
