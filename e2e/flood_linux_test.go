package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

const (
	// usualFloodSockets is how many sockets a flood opens when nothing else is asked
	// for with DECENTRA_FLOOD_SOCKETS.
	usualFloodSockets = 200
	// floodMemory is what the whole program may take in memory under any flood, and
	// floodMemoryEach for each socket besides.
	floodMemory     = 256 << 20
	floodMemoryEach = 64 << 10
	// floodLatency is what others' messages may take at the 99th percentile in any
	// case: less than a person notices.
	floodLatency = 20 * time.Millisecond
	// floodTries are how often it is tried on a machine that has other things to do.
	floodTries = 5
	// floodRounds of floodSamples messages, one in floodPeriod, are measured in each
	// phase: the 99th percentile is the median of the rounds'.
	floodRounds  = 6
	floodSamples = 150
	floodPeriod  = 12 * time.Millisecond
	// floodAddresses are how many the attackers come from: with 10,000 sockets no
	// more from each than may wait for a login.
	floodAddresses = 25
	// socketsPerUser is how many a hostile user has at most.
	socketsPerUser = 90
)

// TestFloods lets hostile clients do their worst while others talk: the program's
// memory stays bounded, and others' messages take less than twice their time. The
// attackers are a process that gets what the others leave of the processors, so that
// what is measured is what they make the program do.
func TestFloods(t *testing.T) {
	sockets := int(number(t, "DECENTRA_FLOOD_SOCKETS", usualFloodSockets))
	for _, f := range []struct {
		name    string
		least   int            // sockets
		cost    int            // of a password
		prepare func(s *siege) // nil: nothing
	}{
		{"frames of 4 MiB", 0, 4, nil},
		{"frames that are begun and never end", 1000, 4, nil},
		{"sockets that ask for much and never read", 0, 4, (*siege).fillLobby},
		{"sockets that never log in, or say nothing", 0, 4, nil},
		{"one in many loud servers who never reads", 0, 4, (*siege).openLoudServers},
		{"wrong passwords", 0, 12, nil},
		{"connections of one address, again and again", 600, 4, nil},
		{"frames that are refused, as fast as they are read", 0, 4, nil},
	} {
		sockets := max(sockets, f.least)
		t.Run(f.name, func(t *testing.T) {
			for try := 1; ; try++ {
				s := newSiege(t, sockets, f.cost)
				if f.prepare != nil {
					f.prepare(s)
				}
				quiet, flooded := s.measure(f.name)
				peak := s.peak()
				s.end()
				if most := floodMemory + sockets*floodMemoryEach; peak > most {
					t.Errorf("the program took %d MiB of memory, want at most %d", peak>>20, most>>20)
				}
				most := max(2*quiet, floodLatency)
				if flooded < most {
					return
				}
				if try == floodTries {
					t.Fatalf("others' messages took %s at the 99th percentile, %s without the flood; want less than %s", flooded, quiet, most)
				}
			}
		})
	}
}

// siege is an installation, those who talk there, and who is hostile.
type siege struct {
	t       *testing.T
	inst    *installation.Installation
	sockets int
	anna    *person
	ben     *person
	writers []*person
	mallory []*person // each with as many sockets as a user may have
	place   client.Place
	said    int
	stops   []func() // of what runs beside
}

func newSiege(t *testing.T, sockets, cost int) *siege {
	t.Helper()
	inst := installation.Start(t, installation.Options{Topology: installation.AllInOne,
		Flags: []string{"--limits", "on", "--bcrypt-cost", strconv.Itoa(cost), "--profile"}})
	s := &siege{t: t, inst: inst, sockets: sockets}
	s.anna = signUp(t, inst, "anna", "")
	server, place := s.anna.createServer("Besieged")
	s.place = place
	s.ben = signUp(t, inst, "ben", s.anna.serverInvite(server.ID))
	for n := range floodWriters {
		s.writers = append(s.writers, signUp(t, inst, fmt.Sprint("writer", n), s.anna.serverInvite(server.ID)))
	}
	for n := range (sockets + socketsPerUser - 1) / socketsPerUser {
		s.mallory = append(s.mallory, signUp(t, inst, fmt.Sprint("mallory", n), s.writers[n%floodWriters].invite()))
	}
	return s
}

// measure has others talk before, in and after a flood.
func (s *siege) measure(flood string) (quiet, flooded time.Duration) {
	s.t.Helper()
	_ = s.talk(1) // what is done once is done
	without := s.talk(floodRounds / 2)
	attackers := s.attack(flood)
	profiled := s.profile(flood)
	spent, began := s.processorTime(), time.Now()
	with := s.talk(floodRounds)
	share := (s.processorTime() - spent).Seconds() / time.Since(began).Seconds()
	acts, _ := progress(attackers)
	attackers.Kill()
	profiled()
	_ = s.talk(1) // those who are left notice that they are
	without = append(without, s.talk(floodRounds/2)...)
	quiet, flooded = median(without), median(with)
	s.t.Logf("p99 %s quiet, %s flooded (rounds: %s, %s); %d MiB of memory at most; %.0f %% of a processor; %d hostile acts",
		quiet, flooded, without, with, s.peak()>>20, 100*share, acts)
	return quiet, flooded
}

// end ends what runs, for another try.
func (s *siege) end() {
	for _, stop := range s.stops {
		stop()
	}
	s.inst.Kill("decentra")
}

// fillLobby makes the lobby's history as long as it gets.
func (s *siege) fillLobby() {
	for n := range 100 {
		s.writers[n%floodWriters].write(client.Place{Context: wire.ContextGlobal}, fmt.Sprint(n, strings.Repeat("ü", 3900)), fmt.Sprint("long", n))
	}
}

// openLoudServers has much said until the test ends where a hostile member is.
func (s *siege) openLoudServers() {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	var talking sync.WaitGroup
	s.stops = append(s.stops, func() { cancel(); talking.Wait() })
	for n := range 4 {
		talker := signUp(s.t, s.inst, fmt.Sprint("talker", n), s.anna.invite())
		var places []client.Place
		for m := range 5 {
			server, place := talker.createServer(fmt.Sprint("Loud ", n, m))
			s.mallory[0].join(talker, server.ID)
			places = append(places, place)
		}
		talking.Go(func() {
			for n := 0; await.Pause(ctx, 220*time.Millisecond); n++ {
				fields := places[n%len(places)].Fields(client.Fields{"content": strings.Repeat("x", 3900)})
				if err := talker.Tell("message", fields); err != nil {
					return // whatever ended it ends the test too
				}
				talker.Take()
				s.mallory[0].Take()
			}
		})
	}
}

// attack starts the attackers and waits until all of them are there.
func (s *siege) attack(flood string) *installation.Process {
	s.t.Helper()
	a := &attack{Flood: flood, URL: s.inst.URL, Sockets: s.sockets, Addresses: floodAddresses}
	for _, m := range s.mallory {
		a.Tokens = append(a.Tokens, m.Token)
	}
	description, err := json.Marshal(a)
	if err != nil {
		s.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	attackers := installation.NewProcess(s.t, "attackers", "nice", []string{attackVariable + "=" + string(description)}, "-n", "19", self)
	attackers.Start()
	await.Until(s.t, 4*await.Patience, "the flood is there", func() error {
		if acts, whole := progress(attackers); acts == 0 || !whole {
			return fmt.Errorf("%d hostile acts, whole: %t", acts, whole)
		}
		return nil
	})
	return attackers
}

// profile writes how the program spends its time to the directory that
// DECENTRA_FLOOD_PROFILES names, until it is waited for.
func (s *siege) profile(flood string) (wait func()) {
	s.t.Helper()
	dir := os.Getenv("DECENTRA_FLOOD_PROFILES")
	if dir == "" {
		return func() {}
	}
	address, err := s.inst.Status("decentra")
	if err != nil {
		s.t.Fatal(err)
	}
	var fetching sync.WaitGroup
	fetching.Go(func() {
		seconds := 8
		answer, err := (client.REST{Base: "http://" + address}).Do(s.t.Context(), "GET", fmt.Sprint("/debug/pprof/profile?seconds=", seconds), nil)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, flood+".pprof"), answer.Body, 0o644)
		}
		if err != nil {
			s.t.Error(err)
		}
	})
	return fetching.Wait
}

// progress is how far the attackers are.
func progress(attackers *installation.Process) (acts int, whole bool) {
	_, _ = fmt.Sscanf(attackers.Log(1), attackState, &acts, &whole) // until they say something, nothing
	return acts, whole
}

// talk measures how long messages take from who writes to who reads, and returns
// the 99th percentile of each round.
func (s *siege) talk(rounds int) (p99 []time.Duration) {
	s.t.Helper()
	for range rounds {
		p99 = append(p99, s.round().Round(100*time.Microsecond))
	}
	return p99
}

func median(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// round has messages written, each in its time whatever became of those before.
func (s *siege) round() time.Duration {
	s.t.Helper()
	first := s.said
	s.said += floodSamples
	sent := make(chan time.Time, floodSamples)
	failed := make(chan error, 1)
	go func() {
		tick := time.NewTicker(floodPeriod)
		defer tick.Stop()
		for n := range floodSamples {
			<-tick.C
			writer := s.writers[n%floodWriters]
			sent <- time.Now()
			if err := writer.Tell("message", s.place.Fields(client.Fields{"content": strconv.Itoa(first + n)})); err != nil {
				failed <- err
			}
		}
		failed <- nil
	}()
	took := make([]time.Duration, 0, floodSamples)
	for n := range floodSamples {
		s.ben.hears("message", "content", strconv.Itoa(first+n))
		took = append(took, time.Since(<-sent))
	}
	if err := <-failed; err != nil {
		s.t.Fatal(err)
	}
	for _, p := range append(s.writers, s.anna, s.ben) {
		p.Take()
	}
	slices.Sort(took)
	return took[floodSamples*99/100]
}

// peak is the most memory that the program has had.
func (s *siege) peak() int {
	s.t.Helper()
	for line := range strings.Lines(s.ofProcess("status")) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(text), " kB"))
			if err != nil {
				s.t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	s.t.Fatal("the system does not tell how much memory a process takes")
	return 0
}

// processorTime is how much the program has had so far.
func (s *siege) processorTime() time.Duration {
	s.t.Helper()
	text := s.ofProcess("stat")
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	var ticks time.Duration
	for _, field := range fields[11:13] { // proc_pid_stat(5): utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			s.t.Fatal(err)
		}
		ticks += time.Duration(n)
	}
	return ticks * (time.Second / 100)
}

// ofProcess is a file in which the system tells of the program.
func (s *siege) ofProcess(name string) string {
	s.t.Helper()
	pid := s.inst.Process("decentra").(*installation.Process).PID()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(content)
}
