package bench

import (
	"fmt"
	"net/http"
	"os"
	"time"

	"decentra.local/e2e/internal/installation"
)

// serverMembers are those of a server of idle people.
const serverMembers = 200

// start starts installations on empty directories, and on many messages.
func (b *bench) start() {
	in := b.report.section("Start", "Until the published port's /readyz answers well, from an empty directory and with messages in one channel; "+
		"memory is what is resident, all processes together, NATS too.")
	for _, topology := range []installation.Topology{installation.AllInOne, installation.Split} {
		for range b.repetitions {
			s := &system{name: columns[topology], inst: installation.New(b.T, installation.Options{Topology: topology})}
			b.startOne(s, in, "")
			size := 0
			for _, name := range s.inst.Processes() {
				if name == installation.NATS {
					continue // what the operator runs
				}
				size += int(must(os.Stat(installation.Program(name)))(b.T).Size())
			}
			in.add("size of the programs, MB", s, float64(size)/1e6)
			s.inst.StopAll()
		}
		s := decentra(b.T, topology, 1)
		p := s.people(b.T, roomMembers)
		s.stop(b.T)
		s.fill(b.T, p, b.history)
		for range b.repetitions {
			b.startOne(s, in, fmt.Sprintf(" with %s messages", whole(b.history)))
			s.inst.StopAll()
		}
	}
}

// startOne measures one start.
func (b *bench) startOne(s *system, in *section, with string) {
	started := time.Now()
	for _, name := range s.inst.Processes() {
		s.inst.StartOne(name)
	}
	if err := ready(s.inst.URL, started); err != nil {
		b.Fatal(err)
	}
	in.add("until ready"+with+", ms", s, float64(time.Since(started).Milliseconds()))
	s.inst.AwaitReady()
	s.settle(b.T)
	in.add("memory"+with+", MB", s, float64(must(s.memory())(b.T))/1e6)
}

// idle connects people who do nothing.
func (b *bench) idle() {
	grown := map[string]connected{} // by system, from the fewer connections before
	for _, n := range b.extent.idle {
		in := b.report.section(fmt.Sprintf("%s idle connections", whole(n)),
			fmt.Sprintf("Logged in by token, %d at once, each in two servers of %d people. The relay knows neither logins nor servers.", atOnce, serverMembers))
		for _, start := range []func() *system{
			func() *system { return yardstick(b.T) },
			func() *system { return decentra(b.T, installation.AllInOne, 1) },
			func() *system { return decentra(b.T, installation.Split, 1) },
		} {
			s := start()
			p := b.idlePeople(s, n)
			var took []float64
			for range b.repetitions {
				took = append(took, b.rest(s, p, in))
			}
			s.stop(b.T)
			now := connected{float64(n), median(took)}
			if fewer, ok := grown[s.name]; ok {
				in.add(fmt.Sprintf("memory of each after the first %s, kB", whole(int(fewer.people))), s, (now.memory-fewer.memory)/1000/(now.people-fewer.people))
			}
			grown[s.name] = now
		}
	}
}

// connected are people with a connection, and the bytes that all of them take.
type connected struct{ people, memory float64 }

// rest measures people who do nothing once, and returns the bytes that they take.
func (b *bench) rest(s *system, p people, in *section) float64 {
	n := float64(len(p.tokens))
	s.again(b.T, nil) // memory is to be fresh
	s.settle(b.T)
	before, heldBefore := must(s.memory())(b.T), must(s.memoryHolders())(b.T)
	started := time.Now()
	crowd := s.gather(b.T, p)
	took := time.Since(started)
	s.settle(b.T)
	cpu, at := must(s.cpu())(b.T), time.Now()
	time.Sleep(b.extent.rest)
	used := must(s.cpu())(b.T) - cpu
	memory, held := must(s.memory())(b.T)-before, must(s.memoryHolders())(b.T)
	in.add("idle CPU, % of one processor", s, 100*used.Seconds()/time.Since(at).Seconds())
	in.add("logins by token until init, per second", s, n/took.Seconds())
	in.add("memory of a connection, kB", s, float64(memory)/1000/n)
	if s.inst != nil {
		others := float64(memory)
		for i, h := range memoryHolders {
			grown := held[i] - heldBefore[i]
			in.add("of it "+h.name+", kB", s, grown/1000/n)
			others -= grown
		}
		in.add("of it program code, files and the NATS server, kB", s, others/1000/n)
	}
	if err := crowd.err.Load(); err != nil {
		b.Fatal(*err)
	}
	crowd.close()
	return float64(memory)
}

// idlePeople makes accounts that are members of two servers each: with those who
// signed up before and after them, and with others.
func (b *bench) idlePeople(s *system, n int) people {
	if s.inst == nil {
		return s.people(b.T, n)
	}
	var all people
	for len(all.tokens) < n {
		group := s.people(b.T, min(serverMembers, n-len(all.tokens)))
		all.tokens = append(all.tokens, group.tokens...)
		all.place = group.place
	}
	var codes []string
	for k := range (n + serverMembers - 1) / serverMembers {
		server, _ := s.server(b.T, fmt.Sprint("others ", k))
		codes = append(codes, s.code(b.T, server))
	}
	each(b.T, n, func(i int) error { return s.join(b.T, all.tokens[i], codes[i%len(codes)]) })
	return all
}

// ready waits until the published port says that it is.
func ready(base string, started time.Time) error {
	for {
		response, err := http.Get(base + "/readyz")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("/readyz: %s", response.Status)
		}
		if time.Since(started) > time.Minute {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}
