package bench

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"decentra.local/e2e/internal/installation"
)

// Holders of processor time, in the order of the document.
const (
	sockets    = "sockets"
	sqlite     = "SQLite"
	nats       = "NATS"
	encodings  = "JSON and compression"
	memory     = "allocation and collector"
	scheduling = "scheduling"
	own        = "own code, and what is left"
)

var holders = []string{sockets, sqlite, nats, encodings, memory, scheduling, own}

// marks tell, by the beginning of a function's name, who holds the time of it and of
// what it calls. The innermost function that is marked counts.
var marks = []struct{ prefix, holder string }{
	{"runtime.gcBgMarkWorker", memory},
	{"runtime.gcAssistAlloc", memory},
	{"runtime.bgsweep", memory},
	{"runtime.bgscavenge", memory},
	{"runtime.mallocgc", memory},
	{"runtime.morestack", memory},
	{"runtime.newstack", memory},
	{"runtime.mcall", scheduling},
	{"runtime.mstart", scheduling},
	{"runtime.schedule", scheduling},
	{"runtime.findRunnable", scheduling},
	{"runtime.ready", scheduling},
	{"runtime.goready", scheduling},
	{"runtime.sysmon", scheduling},
	{"runtime.gosched", scheduling},
	{"runtime.futex", scheduling},
	{"database/sql", sqlite},
	{"modernc.org/", sqlite},
	{"github.com/nats-io/", nats},
	{"encoding/json", encodings},
	{"github.com/klauspost/compress", encodings},
	{"github.com/gorilla/websocket", sockets},
	{"net.", sockets},
	{"net/", sockets},
	{"internal/poll.", sockets},
	{"syscall.", sockets},
}

// holderOf is who holds the time of a stack, the innermost function first: the first
// that is marked, but what looks like sockets may be those of NATS, or SQLite's files.
// What own code calls is told by what lies inside of it.
func holderOf(stack []string) string {
	found := own
	for _, name := range stack {
		if strings.HasPrefix(name, "decentra.local/") {
			break
		}
		for _, mark := range marks {
			if strings.HasPrefix(name, mark.prefix) {
				if mark.holder != sockets {
					return mark.holder
				}
				found = sockets
			}
		}
	}
	return found
}

// profile watches the system's processes for a spell of whole seconds and returns
// what share of their processor time each holder has.
func (s *system) profile(ctx context.Context, spell time.Duration) (map[string]float64, error) {
	before, err := s.cpuOfNATS()
	if err != nil {
		return nil, err
	}
	addresses, err := s.profiled()
	if err != nil {
		return nil, err
	}
	type answer struct {
		*profile.Profile
		error
	}
	answers := make(chan answer, len(addresses))
	for _, address := range addresses {
		go func() {
			p, err := fetchProfile(ctx, address, spell)
			answers <- answer{p, err}
		}()
	}
	took := map[string]time.Duration{}
	var total time.Duration
	for range addresses {
		a := <-answers
		if a.error != nil {
			err = a.error
			continue
		}
		for _, sample := range a.Sample {
			var stack []string
			for _, location := range sample.Location {
				for _, line := range location.Line {
					stack = append(stack, line.Function.Name)
				}
			}
			cpu := time.Duration(sample.Value[1]) // the first value counts samples
			took[holderOf(stack)] += cpu
			total += cpu
		}
	}
	if err != nil {
		return nil, err
	}
	after, err := s.cpuOfNATS()
	if err != nil {
		return nil, err
	}
	took[nats] += after - before
	total += after - before
	shares := map[string]float64{}
	for holder, cpu := range took {
		shares[holder] = cpu.Seconds() / total.Seconds()
	}
	return shares, nil
}

// profiled are the addresses at which the system's processes serve pprof and metrics; the NATS
// server of a split installation has none.
func (s *system) profiled() ([]string, error) {
	if s.inst == nil {
		return []string{s.url}, nil
	}
	var all []string
	for _, name := range s.inst.Processes() {
		if name == installation.NATS {
			continue
		}
		address, err := s.inst.Status(name)
		if err != nil {
			return nil, err
		}
		all = append(all, "http://"+address)
	}
	return all, nil
}

// cpuOfNATS is the processor time that the NATS server has taken so far, where it is
// a process.
func (s *system) cpuOfNATS() (time.Duration, error) {
	if s.inst == nil {
		return 0, nil
	}
	process, ok := s.inst.Process(installation.NATS).(*installation.Process)
	if !ok {
		return 0, nil
	}
	return cpuOf(process.PID())
}

func fetchProfile(ctx context.Context, base string, spell time.Duration) (*profile.Profile, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/debug/pprof/profile?seconds=%.0f", base, spell.Seconds()), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("profile of %s: %s", base, response.Status)
	}
	return profile.Parse(response.Body)
}
