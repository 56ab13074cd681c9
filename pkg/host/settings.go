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
	Listen          string
	Data            string
	NATS            string
	NATSCredentials string
	Status          string
	Friends         string
	BcryptCost      int
	Limits          string
	LogLevel        string
	LogFormat       string
	Profile         bool
	Proxies         string
	Balancers       string
	TLS             TLS
	TURN            string
	RelayOnly       bool
}

// TLS is how the published port is encrypted: with files, by ACME, or with a
// certificate of its own; with none of them it is not.
type TLS struct {
	Cert, Key     string
	ACME          string // domains, with commas between
	ACMEDirectory string
	Self          string // names and addresses, with commas between, or auto
}

// Option describes one setting.
type Option struct{ Flag, Env, Default, Help string }

// define binds the settings to flags with their defaults.
func (s *Settings) define(flags *flag.FlagSet) {
	flags.StringVar(&s.Listen, "listen", ":8765", "address of the published port")
	flags.StringVar(&s.Data, "data", "./data", "directory of the databases")
	flags.StringVar(&s.NATS, "nats", "", "URL of a NATS server; empty: one is embedded")
	flags.StringVar(&s.NATSCredentials, "nats-credentials", "", "file with the NATS server's key for this service (nkey seed or .creds)")
	flags.StringVar(&s.Status, "status", "127.0.0.1:0", "address of health, readiness and metrics; port 0: any free one, printed at the start")
	flags.StringVar(&s.Friends, "friends", "instant", "how friends are made by accounts that set nothing else: instant or ask")
	flags.IntVar(&s.BcryptCost, "bcrypt-cost", 12, "work of one password check, as a power of two: 4 to 20")
	flags.StringVar(&s.Limits, "limits", "on", "rate limits per address and user: on or off (for load tests)")
	flags.StringVar(&s.LogLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&s.LogFormat, "log-format", "text", "text or json")
	flags.StringVar(&s.Proxies, "proxies", "", "addresses and networks of reverse proxies whose forwarded headers are believed, with commas between")
	flags.StringVar(&s.Balancers, "balancers", "", "addresses and networks of balancers that pass connections on as they are, with the PROXY protocol (version 1)")
	flags.StringVar(&s.TLS.Cert, "tls-cert", "", "file with the certificate of the published port (PEM, its chain included)")
	flags.StringVar(&s.TLS.Key, "tls-key", "", "file with the certificate's key (PEM)")
	flags.StringVar(&s.TLS.ACME, "tls-acme", "", "domains to get a certificate for by ACME, with commas between; their port 443 must lead here")
	flags.StringVar(&s.TLS.ACMEDirectory, "tls-acme-directory", "", "address of the ACME server; empty: Let's Encrypt")
	flags.StringVar(&s.TLS.Self, "tls-self", "", "names and addresses for a self-made certificate, with commas between, or auto: those of the machine")
	flags.StringVar(&s.TURN, "turn", "", "URIs of the relay for voice, with commas between (turn:example.org:8765?transport=udp); empty: the host and port that the page was opened with")
	flags.BoolVar(&s.RelayOnly, "relay-only", false, "pass voice through the relay alone, so that nobody learns another's address")
	flags.BoolVar(&s.Profile, "profile", false, "serve pprof on the status address")
}

// environment names the variable of a flag.
func environment(name string) string {
	switch name {
	case "nats":
		return "NATS_URL"
	case "nats-credentials":
		return "NATS_CREDENTIALS"
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
// the flags. A command may have flags of its own.
func (p Program) parse(arguments []string, getenv func(string) string, out io.Writer, command *Command) (Settings, []string, error) {
	var s Settings
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { p.usage(out, command) }
	s.define(flags)
	var failure error
	flags.VisitAll(func(f *flag.Flag) {
		if v := getenv(environment(f.Name)); v != "" && failure == nil {
			if err := flags.Set(f.Name, v); err != nil {
				failure = &UsageError{fmt.Sprintf("%s=%q: %v", environment(f.Name), v, err)}
			}
		}
	})
	if failure != nil {
		return s, nil, failure
	}
	if command != nil && command.Flags != nil {
		command.Flags(flags)
	}
	// Flags may stand before and after the words.
	var words []string
	for rest := arguments; ; {
		if err := flags.Parse(rest); errors.Is(err, flag.ErrHelp) {
			return s, nil, err
		} else if err != nil {
			return s, nil, &UsageError{err.Error()}
		}
		if flags.NArg() == 0 {
			break
		}
		words = append(words, flags.Arg(0))
		rest = flags.Args()[1:]
	}
	if err := s.check(); err != nil {
		return s, nil, &UsageError{err.Error()}
	}
	return s, words, nil
}

// usage says how the program, or one command of it, is called.
func (p Program) usage(out io.Writer, command *Command) {
	if command != nil {
		fmt.Fprintf(out, "Usage: %s %s [flags] %s\n\nTo %s.\n", p.Name, command.Name, command.Arguments, command.Help)
		if command.Flags != nil {
			own := flag.NewFlagSet("", flag.ContinueOnError)
			own.SetOutput(out)
			command.Flags(own)
			fmt.Fprintln(out)
			own.PrintDefaults()
		}
		fmt.Fprintf(out, "\nThe settings are those of `%s --help`.\n", p.Name)
		return
	}
	services := ""
	if len(p.Units) > 1 {
		services = " [SERVICE...]"
	}
	fmt.Fprintf(out, "Usage: %s [flags]%s\n", p.Name, services)
	for _, c := range p.Commands {
		fmt.Fprintf(out, "       %-36s %s\n", strings.TrimSpace(fmt.Sprintf("%s %s %s", p.Name, c.Name, c.Arguments)), c.Help)
	}
	fmt.Fprintln(out)
	for _, o := range Options() {
		fmt.Fprintf(out, "  %-18s %-22s %s (default %q)\n", o.Flag, o.Env, o.Help, o.Default)
	}
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

// Logger writes to the standard error, as the settings say.
func (s Settings) Logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // checked before
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
