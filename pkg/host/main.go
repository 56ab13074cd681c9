package host

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// Program is a binary: the services it can run, and what it can do besides.
type Program struct {
	Name     string
	Units    []Unit
	Commands []Command // besides those that every program has
}

// Command is a word that makes a program do something else than serve. It comes
// first: `decentra doctor --data /srv/decentra`.
type Command struct {
	Name string
	// Arguments shows what follows the name, for the usage; empty: nothing may.
	Arguments string
	Help      string
	// Flags adds flags that only this command has; nil: it has none. It is called
	// once per run, so that what it binds need not outlive it.
	Flags func(*flag.FlagSet)
	Run   func(context.Context, Call) error
}

// Call is what a command is given.
type Call struct {
	Program   string
	Settings  Settings
	Units     []Unit
	Arguments []string
	Out       io.Writer
}

// ErrFailed ends a program with code 1 when what there is to say was said.
var ErrFailed = errors.New("failed")

// UsageError is a wrong argument: the program ends with code 2.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

// builtIn are the commands of every program.
var builtIn = []Command{
	{Name: "health", Arguments: "[SERVICE...]", Help: "ask the running program whether it is ready", Run: health},
	{Name: "version", Help: "print what this is", Run: func(_ context.Context, c Call) error {
		fmt.Fprintln(c.Out, describeVersion(c.Program))
		return nil
	}},
}

// Main is the whole of a program: it runs the command that its first argument
// names, or serves with all units, or with those that its arguments name. It
// returns the exit code: 0 after a clean stop, 1 after a failure, 2 for wrong
// arguments.
func Main(p Program) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	p.Commands = slices.Concat(builtIn, p.Commands)
	err := p.main(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	var usage *UsageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "%s: %v\n", p.Name, err)
		return 2
	case !errors.Is(err, ErrFailed):
		fmt.Fprintf(os.Stderr, "%s: %v\n", p.Name, err)
	}
	return 1
}

func (p Program) main(ctx context.Context, arguments []string, getenv func(string) string, out, errOut io.Writer) error {
	command := -1
	if len(arguments) > 0 {
		command = slices.IndexFunc(p.Commands, func(c Command) bool { return c.Name == arguments[0] })
	}
	if command < 0 {
		settings, names, err := p.parse(arguments, getenv, errOut, nil)
		if err != nil {
			return err
		}
		units, err := p.choose(names)
		if err != nil {
			return err
		}
		// All of the units in one process need no port for NATS between them.
		alone := len(units) == len(p.Units) && len(units) > 1
		go easeCollector(ctx, calmPeriod)
		return Run(ctx, settings, units, alone, out)
	}
	c := p.Commands[command]
	settings, words, err := p.parse(arguments[1:], getenv, errOut, &c)
	if err != nil {
		return err
	}
	if c.Arguments == "" && len(words) > 0 {
		return &UsageError{fmt.Sprintf("%s takes no argument, and got %q", c.Name, words[0])}
	}
	return c.Run(ctx, Call{Program: p.Name, Settings: settings, Units: p.Units, Arguments: words, Out: out})
}

// choose finds units by name; no name: all.
func (p Program) choose(names []string) ([]Unit, error) {
	if len(names) == 0 {
		return p.Units, nil
	}
	var known, commands []string
	for _, u := range p.Units {
		known = append(known, u.Name)
	}
	for _, c := range p.Commands {
		commands = append(commands, c.Name)
	}
	for _, name := range names {
		if slices.Contains(commands, name) {
			return nil, &UsageError{fmt.Sprintf("%s comes first: %s %s ...", name, p.Name, name)}
		}
		if !slices.Contains(known, name) || len(known) == 1 {
			return nil, &UsageError{fmt.Sprintf("%q is no command and no service; there are the commands %s and the services %s",
				name, strings.Join(commands, ", "), strings.Join(known, ", "))}
		}
	}
	var chosen []Unit
	for _, u := range p.Units {
		if slices.Contains(names, u.Name) {
			chosen = append(chosen, u)
		}
	}
	return chosen, nil
}
