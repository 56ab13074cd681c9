// Package doctor looks at an installation, from the machine it is on or from
// another, and says of each thing how it is and what to do about it.
package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"

	"decentra.local/pkg/host"
)

// level says how bad a finding is.
type level string

const (
	good    level = "ok"
	warning level = "warning"
	problem level = "problem"
)

// finding is what was found of one thing.
type finding struct {
	level  level
	thing  string
	text   string
	advice string // what to do about it
}

// report collects findings and prints each at once.
type report struct {
	out      io.Writer
	problems int
}

func (r *report) add(f finding) {
	if f.level == problem {
		r.problems++
	}
	fmt.Fprintf(r.out, "%-8s %-12s %s\n", f.level, f.thing, f.text)
	if f.advice != "" {
		fmt.Fprintf(r.out, "%-8s %-12s → %s\n", "", "", f.advice)
	}
}

func (r *report) ok(thing, format string, args ...any) {
	r.add(finding{good, thing, fmt.Sprintf(format, args...), ""})
}

// Here looks at the installation of these settings, on this machine. It returns
// how many problems there are.
func Here(ctx context.Context, settings host.Settings, out io.Writer) int {
	r := &report{out: out}
	checkData(r, settings.Data)
	checkDatabases(ctx, r, settings.Data)
	checkClock(r, settings.Data)
	if settings.NATS != "" {
		checkNATS(r, settings.NATS, settings.NATSCredentials)
	}
	checkPort(ctx, r, settings)
	return r.problems
}

// There looks at an installation by its address, as a browser on this machine
// would reach it.
func There(ctx context.Context, address string, out io.Writer) int {
	r := &report{out: out}
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	checkFromOutside(ctx, r, address)
	return r.problems
}
