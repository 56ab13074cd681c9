package installation

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// statusPort is where the containers' processes tell how they are.
const statusPort = "9100"

// newContainers describes an installation that docker-compose starts, with flags and
// their values as what the file takes from its environment. There is one at a time:
// the volume has a fixed name.
func newContainers(tb testing.TB, o Options, listen string, flags []string) *Installation {
	tb.Helper()
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		tb.Fatal(err)
	}
	inst := &Installation{Topology: o.Topology, URL: "http://" + listen, URLs: []string{"http://" + listen}, tb: tb, units: map[string]Unit{}}
	inst.compose = &Compose{tb: tb, files: []string{"docker-compose.yml"}, env: append(environment(),
		"DECENTRA_PORT="+port, "COMPOSE_PROJECT_NAME=decentra-e2e")}
	for pair := range slices.Chunk(flags, 2) {
		name := strings.ReplaceAll(strings.ToUpper(strings.TrimPrefix(pair[0], "--")), "-", "_")
		inst.compose.env = append(inst.compose.env, "DECENTRA_"+name+"="+pair[1])
	}
	inst.order = startOrder
	if o.Gateways == 2 {
		inst.compose.files = append(inst.compose.files, "docker-compose.gateways.yml")
		inst.order = []string{NATS, "auth", "chat", "social", "voice-signal", "gateway-1", "gateway-2"}
	}
	for _, name := range inst.order {
		inst.units[name] = &Container{compose: inst.compose, name: name}
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("logs of the containers:\n%s", lastLines(inst.compose.Run("logs", "--no-color", "--tail", "60"), 400))
		}
		inst.compose.Run("down", "--volumes", "--timeout", "20")
	})
	inst.compose.Run("down", "--volumes", "--timeout", "5") // what an interrupted run left
	return inst
}

// Compose is docker-compose with the files of an installation.
type Compose struct {
	tb    testing.TB
	files []string
	env   []string
	ids   map[string]string // of containers, by service
}

// Run runs docker-compose and returns what it says; the test ends if it fails.
func (c *Compose) Run(arguments ...string) string {
	c.tb.Helper()
	var all []string
	for _, file := range c.files {
		all = append(all, "--file", filepath.Join(root(), file))
	}
	return command(c.tb, c.env, "docker-compose", append(all, arguments...)...)
}

// Up starts everything, from images that are there.
func (c *Compose) Up() {
	c.tb.Helper()
	c.Run("up", "--detach", "--no-build")
	c.ids = map[string]string{}
}

// Docker runs docker and returns what it says; the test ends if it fails.
func Docker(tb testing.TB, arguments ...string) string {
	tb.Helper()
	return command(tb, os.Environ(), "docker", arguments...)
}

func command(tb testing.TB, env []string, name string, arguments ...string) string {
	tb.Helper()
	cmd := exec.Command(name, arguments...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, lastLines(string(out), shownLines))
	}
	return strings.TrimSpace(string(out))
}

// root is the repository.
func root() string {
	for dir := "."; ; dir = filepath.Join("..", dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil || len(dir) > 30 {
			return dir
		}
	}
}

// Container is a part of an installation that runs as a container.
type Container struct {
	compose *Compose
	name    string
}

// ID is the container's.
func (c *Container) ID() string {
	c.compose.tb.Helper()
	id := c.compose.ids[c.name]
	if id == "" {
		if id = c.compose.Run("ps", "--quiet", c.name); id == "" {
			c.compose.tb.Fatalf("there is no container for %s", c.name)
		}
		c.compose.ids[c.name] = id
	}
	return id
}

// Inspect returns what the engine knows of the container, by a template.
func (c *Container) Inspect(template string) string {
	c.compose.tb.Helper()
	return Docker(c.compose.tb, "inspect", "--format", template, c.ID())
}

// Address is the container's own on the network of services.
func (c *Container) Address() string {
	c.compose.tb.Helper()
	return c.Inspect(`{{range $name, $network := .NetworkSettings.Networks}}{{if eq $name "decentra-e2e_bus"}}{{$network.IPAddress}}{{end}}{{end}}`)
}

// Start starts a container that was killed or stopped.
func (c *Container) Start() {
	c.compose.tb.Helper()
	Docker(c.compose.tb, "start", c.ID())
}

// Kill ends the container with SIGKILL; it stays away until Start.
func (c *Container) Kill() {
	c.compose.tb.Helper()
	if c.Running() {
		Docker(c.compose.tb, "kill", c.ID())
	}
}

// Crash ends the process in the container with SIGKILL, as if it failed: the
// engine is to start it again.
func (c *Container) Crash() {
	c.compose.tb.Helper()
	pid, err := strconv.Atoi(c.Inspect("{{.State.Pid}}"))
	if err != nil || pid < 2 {
		c.compose.tb.Fatalf("%s has no process: %v", c.name, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		c.compose.tb.Fatalf("kill %s: %v", c.name, err)
	}
}

// Stop stops the container and returns its exit code.
func (c *Container) Stop() int {
	c.compose.tb.Helper()
	Docker(c.compose.tb, "stop", "--time", "20", c.ID())
	code, err := strconv.Atoi(c.Inspect("{{.State.ExitCode}}"))
	if err != nil {
		c.compose.tb.Fatal(err)
	}
	return code
}

// Running reports whether the container runs.
func (c *Container) Running() bool {
	c.compose.tb.Helper()
	return c.Inspect("{{.State.Running}}") == "true"
}

// Log returns the last lines that the container wrote.
func (c *Container) Log(lines int) string {
	c.compose.tb.Helper()
	return Docker(c.compose.tb, "logs", "--tail", strconv.Itoa(lines), c.ID())
}

// ready asks the container itself, as its peers could.
func (c *Container) ready() error {
	if c.name == NATS {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(c.Address(), "4222"), time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	address := c.Address()
	if address == "" {
		return fmt.Errorf("%s has no address", c.name)
	}
	return get("http://" + net.JoinHostPort(address, statusPort) + "/readyz")
}

func lastLines(text string, lines int) string {
	all := bytes.Split(bytes.TrimSpace([]byte(text)), []byte("\n"))
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return string(bytes.Join(all, []byte("\n")))
}
