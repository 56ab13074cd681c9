package host

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
)

// Settings are what a person may set. Each is a flag and an environment
// variable; the flag wins.
type Settings struct {
	Listen     string
	Data       string
	NATS       string
	Status     string
	Friends    string
	BcryptCost int
	Limits     string
	LogLevel   string
	LogFormat  string
	Profile    bool
}

// Option describes one setting.
type Option struct{ Flag, Env, Default, Help string }

// define binds the settings to flags with their defaults.
func (s *Settings) define(flags *flag.FlagSet) {
	flags.StringVar(&s.Listen, "listen", ":8765", "address of the published port")
	flags.StringVar(&s.Data, "data", "./data", "directory of the databases")
	flags.StringVar(&s.NATS, "nats", "", "URL of a NATS server; empty: one is embedded")
	flags.StringVar(&s.Status, "status", "127.0.0.1:0", "address of health, readiness and metrics; port 0: any free one, printed at the start")
	flags.StringVar(&s.Friends, "friends", "instant", "how friends are made by accounts that set nothing else: instant or ask")
	flags.IntVar(&s.BcryptCost, "bcrypt-cost", 12, "work of one password check, as a power of two: 4 to 20")
	flags.StringVar(&s.Limits, "limits", "on", "rate limits per address and user: on or off (for load tests)")
	flags.StringVar(&s.LogLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&s.LogFormat, "log-format", "text", "text or json")
	flags.BoolVar(&s.Profile, "profile", false, "serve pprof on the status address")
}

// environment names the variable of a flag.
func environment(name string) string {
	if name == "nats" {
		return "NATS_URL"
	}
	return "DECENTRA_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// Options lists every setting in the order of their names.
func Options() []Option {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	new(Settings).define(flags)
	var all []Option
	flags.VisitAll(func(f *flag.Flag) {
		all = append(all, Option{"--" + f.Name, environment(f.Name), f.DefValue, f.Usage})
	})
	return all
}

// parse reads settings from arguments and environment and returns what follows
// the flags.
func parse(program string, arguments []string, getenv func(string) string, out io.Writer) (Settings, []string, error) {
	var s Settings
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(out)
	s.define(flags)
	flags.Usage = func() {
		fmt.Fprintf(out, "Usage: %s [flags] [health|version]\n\n", program)
		for _, o := range Options() {
			fmt.Fprintf(out, "  %-14s %-22s %s (default %q)\n", o.Flag, o.Env, o.Help, o.Default)
		}
	}
	var failure error
	flags.VisitAll(func(f *flag.Flag) {
		if v := getenv(environment(f.Name)); v != "" && failure == nil {
			if err := flags.Set(f.Name, v); err != nil {
				failure = fmt.Errorf("%s=%q: %w", environment(f.Name), v, err)
			}
		}
	})
	if failure != nil {
		return s, nil, failure
	}
	// Flags may stand before and after the words.
	var words []string
	for rest := arguments; ; {
		if err := flags.Parse(rest); err != nil {
			return s, nil, err
		}
		if flags.NArg() == 0 {
			break
		}
		words = append(words, flags.Arg(0))
		rest = flags.Args()[1:]
	}
	return s, words, s.check()
}

func (s Settings) check() error {
	oneOf := func(name, value string, allowed ...string) error {
		if slices.Contains(allowed, value) {
			return nil
		}
		return fmt.Errorf("--%s is %q; it can be %s", name, value, strings.Join(allowed, ", "))
	}
	var cost error
	if s.BcryptCost < 4 || s.BcryptCost > 20 {
		cost = fmt.Errorf("--bcrypt-cost is %d; it can be 4 to 20", s.BcryptCost)
	}
	return errors.Join(
		oneOf("friends", s.Friends, "instant", "ask"),
		oneOf("limits", s.Limits, "on", "off"),
		oneOf("log-level", s.LogLevel, "debug", "info", "warn", "error"),
		oneOf("log-format", s.LogFormat, "text", "json"),
		cost,
	)
}

func (s Settings) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // checked before
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
