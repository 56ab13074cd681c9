//go:build containers

package e2e

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// recovery is how long an installation may take to be well again after a crash,
// without a hand.
const recovery = 10 * time.Second

var containers = installation.Options{Topology: installation.Containers}

// TestEachContainerComesBackByItself kills the process of each container while
// people write, and leaves the rest to the engine.
func TestEachContainerComesBackByItself(t *testing.T) {
	inst := installation.Start(t, containers)
	crowd := gather(t, inst)
	for _, name := range inst.Processes() {
		// An engine waits longer with a container that failed just after its start.
		await.Pause(t.Context(), recovery)
		before := crowd.acked()
		inst.Container(name).Crash()
		crashed := time.Now()
		await.Until(t, await.Patience, name+" is back", func() error { return inst.Ready(name) })
		back := time.Since(crashed)
		await.Until(t, await.Patience, "all write again after the crash of "+name, func() error {
			if n := crowd.acked() - before; n < len(crowd.writers) {
				return fmt.Errorf("%d messages acknowledged since", n)
			}
			return nil
		})
		t.Logf("%s: ready %s after its crash, %d messages acknowledged", name, back.Round(time.Millisecond), crowd.acked()-before)
		if took := time.Since(crashed); took > recovery {
			t.Errorf("all is well %s after the crash of %s, want %s at most", took, name, recovery)
		}
	}
	inst.AwaitReady()
	crowd.check(t)
}

// TestDataOutlivesTheContainers: `down` keeps the data, `down -v` removes it.
func TestDataOutlivesTheContainers(t *testing.T) {
	inst := installation.Start(t, containers)
	anna := signUp(t, inst, "anna", "")
	_, general := anna.createServer("Anna's place")
	anna.write(general, "kept", "1")
	key := inside(t, inst, "gateway", "cat /data/gateway/nats.key")

	inst.Compose().Run("down", "--timeout", "20")
	inst.StartAll()
	anna = logIn(t, inst, "anna")
	messages, _ := anna.history(general)
	if got := contents(messages); len(got) != 1 || got[0] != "anna: kept" {
		t.Errorf("after down and up the history is %q", got)
	}
	if inside(t, inst, "gateway", "cat /data/gateway/nats.key") != key {
		t.Error("the keys were made anew")
	}

	inst.Compose().Run("down", "--volumes", "--timeout", "20")
	if volumes := installation.Docker(t, "volume", "ls", "--quiet"); strings.Contains(volumes, "decentra-data") {
		t.Errorf("after down -v there are the volumes %s", volumes)
	}
	inst.StartAll()
	signUp(t, inst, "anna", "") // nobody has that name, and no code is needed
}

// TestContainersKeepToThemselves tries from outside, from beside and from inside
// what an intruder would.
func TestContainersKeepToThemselves(t *testing.T) {
	inst := installation.Start(t, containers)
	t.Run("only the gateway's port is published", func(t *testing.T) { published(t, inst) })
	t.Run("nothing answers to another network", func(t *testing.T) { fromOutside(t, inst) })
	t.Run("NATS refuses who has no key", func(t *testing.T) { withoutKey(t, inst) })
	for _, name := range inst.Processes() {
		t.Run("files of others are closed to "+name, func(t *testing.T) { fromInside(t, inst, name) })
	}
}

func published(t *testing.T, inst *installation.Installation) {
	for _, name := range inst.Processes() {
		ports := installation.Docker(t, "port", inst.Container(name).ID())
		if (name == "gateway") != (ports != "") {
			t.Errorf("%s publishes %q", name, ports)
		}
		if name == "gateway" && (!strings.Contains(ports, "8765/tcp") || !strings.Contains(ports, "8765/udp") || strings.Contains(ports, "9100")) {
			t.Errorf("the gateway publishes %q, want 8765 for TCP and UDP", ports)
		}
	}
}

// fromOutside tries every container's ports from a container on another network,
// and the published one, to see that it would notice.
func fromOutside(t *testing.T, inst *installation.Installation) {
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(inst.URL, "http://"))
	script := "try() { nc -w 3 $1 $2 </dev/null >/dev/null 2>&1 && echo open $1 $2; }\n"
	script += "try $(ip route | awk '/default/ { print $3 }') " + port + " | sed 's/ [0-9.]* / host /'\n"
	for _, name := range inst.Processes() {
		for _, inner := range []string{"4222", "8222", "9100", "8765"} {
			script += fmt.Sprintf("try %s %s &\n", inst.Container(name).Address(), inner)
		}
	}
	if out, want := beside(t, "bridge", script+"wait"), "open host "+port; out != want {
		t.Errorf("from another network this is %q, want just %q", out, want)
	}
}

// withoutKey stands on the services' network and has no key.
func withoutKey(t *testing.T, inst *installation.Installation) {
	anna := signUp(t, inst, "anna", "")
	_, general := anna.createServer("Anna's place")
	done := make(chan string, 1)
	go func() {
		done <- beside(t, "decentra-e2e_bus", `(printf 'CONNECT {"verbose":true}\r\nSUB > 1\r\nPUB auth.event.everyone 2\r\n{}\r\nPING\r\n'; sleep 3) | nc -w 5 nats 4222`)
	}()
	for i := 0; ; i++ { // there is something to overhear meanwhile
		select {
		case out := <-done:
			if !strings.Contains(out, "Authorization Violation") || strings.Contains(out, "MSG ") || strings.Contains(out, "PONG") {
				t.Errorf("NATS told a stranger: %s", out)
			}
			return
		default:
			anna.write(general, "secret", fmt.Sprint(i))
			await.Pause(t.Context(), 50*time.Millisecond)
		}
	}
}

// fromInside takes a service's place, with its user, its files and its rights,
// and tries the others' keys and databases.
func fromInside(t *testing.T, inst *installation.Installation, name string) {
	script := "try() { if out=$(\"$@\" 2>&1); then echo \"$*: $out\"; fi; }\n"
	for _, other := range inst.Processes() {
		if other != name {
			script += fmt.Sprintf("for file in nats.key nats.conf %[1]s.db %[1]s.db-wal; do try cat /data/%[1]s/$file; done\n"+
				"try ls /data/%[1]s\ntry touch /data/%[1]s/x\ntry mv /data/%[1]s /data/other\n", other)
		}
	}
	script += "try ls /data\ntry touch /data/x\ntry touch /bin/x\n"
	script += "ls /data/" + name + " >/dev/null && echo its own"
	if out := inside(t, inst, name, script); out != "its own" {
		t.Errorf("%s may:\n%s", name, out)
	}
	how := inst.Container(name).Inspect("{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.Privileged}}")
	if !strings.HasPrefix(how, "1000") || !strings.HasSuffix(how, " true [ALL] false") {
		t.Errorf("%s runs as %s", name, how)
	}
}

// TestTheWholeProgramInOneContainer is `docker build` and `docker run` as the
// README has them.
func TestTheWholeProgramInOneContainer(t *testing.T) {
	const name, volume = "decentra-e2e-one", "decentra-e2e-one"
	address := installation.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	inst := &installation.Installation{URL: "http://" + address}
	run := func() {
		installation.Docker(t, "run", "--detach", "--name", name, "--publish", port+":8765", "--publish", port+":8765/udp",
			"--volume", volume+":/data", "--restart", "unless-stopped", "decentra-server")
		await.Until(t, await.Patience, "it serves", func() error {
			answer, err := client.REST{Base: inst.URL}.Get(t.Context(), "/readyz")
			if err == nil && answer.Status != 200 {
				err = fmt.Errorf("/readyz says %d", answer.Status)
			}
			return err
		})
	}
	remove := func() { installation.Docker(t, "rm", "--force", name) }
	t.Cleanup(func() { remove(); installation.Docker(t, "volume", "rm", volume) })
	run()
	anna := signUp(t, inst, "anna", "")
	_, general := anna.createServer("Anna's place")
	anna.write(general, "kept", "1")
	remove() // with SIGKILL
	run()
	messages, _ := logIn(t, inst, "anna").history(general)
	if got := contents(messages); len(got) != 1 || got[0] != "anna: kept" {
		t.Errorf("the next container has the history %q", got)
	}
	await.Until(t, await.Patience, "the engine calls it healthy", func() error {
		if state := installation.Docker(t, "inspect", "--format", "{{.State.Health.Status}}", name); state != "healthy" {
			return fmt.Errorf("it is %s", state)
		}
		return nil
	})
}

// TestOneOfTwoGatewaysDies: people on both write and see each other; those of
// the one that dies are back on the other within 5 s, and nothing is lost.
func TestOneOfTwoGatewaysDies(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.Containers, Gateways: 2})
	crowd := gather(t, inst)
	gateways := []string{"gateway-1", "gateway-2"}
	for _, name := range gateways {
		await.Until(t, await.Patience, name+" has connections", func() error {
			if !counted(metricsOf(t, inst, name), "decentra_gateway_connections") {
				return fmt.Errorf("it has none")
			}
			return nil
		})
	}
	host := installation.Docker(t, "network", "inspect", "--format", "{{range .IPAM.Config}}{{.Gateway}}{{end}}", "decentra-e2e_edge")
	answer, err := client.REST{Base: inst.URL, Token: slices.Collect(maps.Values(crowd.places))[0].Token}.Get(t.Context(), "/api/v1/sessions")
	if err != nil || !strings.Contains(string(answer.Body), `"`+host+`"`) {
		t.Errorf("the sessions are %s, %v, want one from %s, where the balancer got it from", answer.Body, err, host)
	}
	for _, name := range slices.Backward(gateways) {
		killed := time.Now()
		inst.Kill(name)
		before := map[string]int{}
		for _, w := range crowd.writers {
			before[w.Name] = len(w.Written())
		}
		await.Until(t, await.Patience, "everybody writes over the other gateway", func() error {
			for _, w := range crowd.writers {
				if len(w.Written()) == before[w.Name] {
					return fmt.Errorf("%s does not", w.Name)
				}
			}
			return nil
		})
		took := time.Since(killed)
		t.Logf("without %s everybody writes after %s", name, took.Round(time.Millisecond))
		if took > 5*time.Second {
			t.Errorf("without %s everybody writes after %s, want 5 s at most", name, took)
		}
		inst.StartOne(name)
		inst.AwaitReady()
	}
	crowd.check(t)
}

// natsImage has a shell besides the server.
const natsImage = "nats:2.15-alpine"

// inside runs a script with the user, the files, the network and the rights of a
// container.
func inside(t *testing.T, inst *installation.Installation, name, script string) string {
	t.Helper()
	c := inst.Container(name)
	return installation.Docker(t, "run", "--rm", "--volumes-from", c.ID(), "--network", "container:"+c.ID(),
		"--user", c.Inspect("{{.Config.User}}"), "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true",
		"--read-only", "--entrypoint", "sh", natsImage, "-c", script)
}

// beside runs a script in a container that is none of the installation's.
func beside(t *testing.T, network, script string) string {
	t.Helper()
	return installation.Docker(t, "run", "--rm", "--network", network, "--entrypoint", "sh", natsImage, "-c", script+"\ntrue")
}

// TestMemoryWithFiftyPeople measures what the containers take, for
// docs/operations.md, and bounds it.
func TestMemoryWithFiftyPeople(t *testing.T) {
	const people, each, bound = 50, 20, 400 // MiB, of all together
	inst := installation.Start(t, containers)
	owner := signUp(t, inst, "owner", "")
	server, general := owner.createServer("The square")
	for i := 1; i < people; i++ {
		p := signUp(t, inst, fmt.Sprintf("person%d", i), owner.serverInvite(server.ID))
		for n := range each {
			p.write(general, "hello", fmt.Sprint(n))
		}
		p.Take()
	}
	total := 0.0
	for _, name := range inst.Processes() {
		var used float64
		text := installation.Docker(t, "stats", "--no-stream", "--format", "{{.MemUsage}}", inst.Container(name).ID())
		if _, err := fmt.Sscanf(text, "%fMiB", &used); err != nil {
			t.Fatalf("%s uses %q: %v", name, text, err)
		}
		t.Logf("%s: %.0f MiB", name, used)
		total += used
	}
	if total > bound {
		t.Errorf("the containers take %.0f MiB, want %d at most", total, bound)
	}
}
