package bench

import (
	"context"
	"fmt"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

const (
	// restartWriters write on, each that often.
	restartWriters = 10
	restartPace    = 500 * time.Millisecond
)

// restart kills the gateway, or the program that all is in, while some write to
// everybody, and waits until all have come back and hold every message.
func (b *bench) restart() {
	in := b.report.section(fmt.Sprintf("A restart under %s clients", whole(b.returning)),
		fmt.Sprintf("The gateway (all in one: the program) is killed with SIGKILL and started at once, while %d members of a server of all write every %s. Each client comes "+
			"back as the page does and asks for the changes it missed; a writer sends again what was not acknowledged. No message is refused, and in "+
			"the end everybody has every message once. From the kill; the aim is that all have caught up within 15 s.",
			restartWriters, restartPace))
	where := b.whereTimeGoes("a restart, what is written meanwhile included", "1,000 clients that come back")
	for _, s := range b.decentras("--profile") {
		p := s.people(b.T, b.returning)
		process := "gateway"
		if s.inst.Topology == installation.AllInOne {
			process = "decentra"
		}
		ctx, cancel := context.WithCancel(b.Context())
		f := newFlock(ctx, s, p)
		f.await(b.T, "all are there", 0)
		s.settle(b.T)
		for range b.repetitions {
			writing, stop := context.WithCancel(ctx)
			f.write(writing, min(restartWriters, len(p.tokens)))
			await.Pause(ctx, 2*restartPace)
			killed := time.Since(epoch)
			s.inst.Kill(process)
			s.inst.StartOne(process)
			if err := ready(s.url, epoch.Add(killed)); err != nil {
				b.Fatal(err)
			}
			in.add("until /readyz answers well, s", s, (time.Since(epoch) - killed).Seconds())
			var back []time.Duration
			err := b.watch(where, s, func() (int64, error) {
				back = f.await(b.T, "all are back", killed)
				return int64(len(back)), nil
			})
			if err != nil {
				b.Fatal(err)
			}
			in.add("until half have caught up, s", s, (back[len(back)/2] - killed).Seconds())
			in.add("until all have caught up, s", s, (back[len(back)-1] - killed).Seconds())
			await.Pause(ctx, 2*restartPace)
			stop()
			f.writing.Wait()
			in.add("longest until a message was acknowledged, s", s, time.Duration(f.longest.Swap(0)).Seconds())
			f.awaitAll(b.T)
		}
		stored, _, err := client.REST{Base: s.url, Token: p.tokens[0]}.History(ctx, p.place)
		if err != nil {
			b.Fatal(err)
		}
		distinct := map[string]bool{}
		for _, m := range stored {
			distinct[m.Nonce] = true
		}
		if said := f.saidByAll(); len(stored) != said || len(distinct) != said {
			b.Errorf("%s: %d messages were acknowledged; %d are stored, %d of them different", s.name, said, len(stored), len(distinct))
		}
		in.add("logins and questions put off", s, float64(f.putOff.Load()))
		cancel()
		f.running.Wait()
		s.stop(b.T)
	}
}
