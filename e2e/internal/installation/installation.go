// Package installation starts Decentra for a test, in either topology, on free
// ports and with directories of its own; it kills, stops and restarts single
// processes on the same ports and data.
package installation

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
)

// Topology is one of the two ways to run.
type Topology string

// The topologies that are deployed.
const (
	AllInOne Topology = "all-in-one"
	Split    Topology = "split"
	// OneByOne is for development: services started by hand without a NATS URL.
	OneByOne Topology = "one by one"
	// Containers is Split as docker-compose starts it.
	Containers Topology = "containers"
)

// Topologies are those that are tested: both that are deployed, or the one that
// DECENTRA_TOPOLOGY names.
var Topologies = topologies(os.Getenv("DECENTRA_TOPOLOGY"))

func topologies(chosen string) []Topology {
	if chosen != "" {
		return []Topology{Topology(chosen)}
	}
	return []Topology{AllInOne, Split}
}

// NATS names the NATS server's process.
const NATS = "nats"

// startOrder is how the processes of a split installation start unless a test
// wishes otherwise.
var startOrder = []string{NATS, "auth", "chat", "social", "voice-signal", "gateway"}

// Options describe an installation.
type Options struct {
	Topology Topology
	// Order is the start order of a split installation; nil: NATS first. Services
	// that are started one by one are only those it names.
	Order []string
	// Flags are given to every process; nil: no rate limits.
	Flags []string
	// NATSRoutes has, by process, the URL at which it reaches NATS, where that
	// is not the server itself.
	NATSRoutes func(natsAddress string) map[string]string
	// Gateways is how many a split installation has; 0: one. Those beyond the first
	// always reach NATS directly.
	Gateways int
	// SecondVoice adds a replica of voice-signal, to a split installation.
	SecondVoice bool
}

// Installation is a running Decentra.
type Installation struct {
	Topology Topology
	URL      string   // of the published port
	URLs     []string // of every gateway, that one first

	tb      testing.TB
	order   []string
	units   map[string]Unit
	data    map[string]string // directory by process
	nats    string            // address of the NATS server
	keys    string            // directory with a NATS key for each service
	compose *Compose          // of containers
}

// Unit is a process or a container of an installation.
type Unit interface {
	Start()
	Kill()
	Stop() (code int)
	Running() bool
	Log(lines int) string
}

// New describes an installation without starting it.
func New(tb testing.TB, o Options) *Installation {
	tb.Helper()
	flags := o.Flags
	if flags == nil {
		flags = []string{"--limits", "off"}
	}
	flags = append([]string{"--bcrypt-cost", "4", "--log-level", "info"}, flags...)
	listen := FreeAddress(tb)
	if o.Topology == Containers {
		return newContainers(tb, o, listen, flags)
	}
	inst := &Installation{
		Topology: o.Topology, URL: "http://" + listen, URLs: []string{"http://" + listen}, tb: tb,
		units: map[string]Unit{}, data: map[string]string{},
	}
	add := func(name, program string, args ...string) {
		dir := tb.TempDir()
		inst.data[name] = dir
		inst.order = append(inst.order, name)
		args = append(append(args, "--data", dir), flags...)
		inst.units[name] = NewProcess(tb, name, Program(program), nil, args...)
	}
	if o.Topology == AllInOne {
		add("decentra", "decentra", "--listen", listen)
		return inst
	}
	if o.Topology == OneByOne {
		for _, name := range o.Order {
			if name == "gateway" {
				add(name, name, "--listen", listen)
			} else {
				add(name, name)
			}
		}
		return inst
	}
	inst.nats = FreeAddress(tb)
	inst.keys = initialise(tb)
	var routes map[string]string
	if o.NATSRoutes != nil {
		routes = o.NATSRoutes(inst.nats)
	}
	order := o.Order
	if order == nil {
		order = startOrder
	}
	for _, name := range order {
		if name == NATS {
			self, err := os.Executable()
			if err != nil {
				tb.Fatalf("find the test binary: %v", err)
			}
			inst.order = append(inst.order, NATS)
			inst.units[NATS] = NewProcess(tb, NATS, self,
				[]string{natsVariable + "=" + inst.nats, natsConfigVariable + "=" + filepath.Join(inst.keys, NATS, "nats.conf")})
			continue
		}
		url := routes[name]
		if url == "" {
			url = "nats://" + inst.nats
		}
		args := []string{"--nats", url, "--nats-credentials", inst.Key(name)}
		if name == "gateway" {
			args = append(args, "--listen", listen)
		}
		add(name, name, args...)
	}
	again := func(service string, number int, args ...string) {
		name := fmt.Sprintf("%s-%d", service, number)
		add(name, service, append([]string{"--nats", "nats://" + inst.nats, "--nats-credentials", inst.Key(service)}, args...)...)
	}
	for number := 2; number <= o.Gateways; number++ {
		other := FreeAddress(tb)
		inst.URLs = append(inst.URLs, "http://"+other)
		again("gateway", number, "--listen", other)
	}
	if o.SecondVoice {
		again("voice-signal", 2)
	}
	return inst
}

// Start makes an installation and waits until it serves.
func Start(tb testing.TB, o Options) *Installation {
	tb.Helper()
	inst := New(tb, o)
	inst.StartAll()
	return inst
}

// initialise makes keys and the NATS server's configuration, as before the first
// start of the containers.
func initialise(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	if out, err := exec.Command(Program("decentra"), "init", "--data", dir).CombinedOutput(); err != nil {
		tb.Fatalf("decentra init: %v\n%s", err, out)
	}
	return dir
}

// NATS is the address of the NATS server of a split installation.
func (i *Installation) NATS() string { return i.nats }

// Key is the file with a service's NATS key.
func (i *Installation) Key(service string) string { return filepath.Join(i.keys, service, "nats.key") }

// Processes are the names of all processes in the order of their start.
func (i *Installation) Processes() []string { return i.order }

// Compose is docker-compose for an installation of containers.
func (i *Installation) Compose() *Compose { return i.compose }

// Container is one of an installation of containers.
func (i *Installation) Container(name string) *Container { return i.units[name].(*Container) }

// Process is one of them.
func (i *Installation) Process(name string) Unit { return i.units[name] }

// Data is the data directory of a process. That of a container is there once it was
// started, on an engine of this machine's.
func (i *Installation) Data(process string) string {
	i.tb.Helper()
	if i.compose != nil {
		return filepath.Join(Docker(i.tb, "volume", "inspect", "--format", "{{.Mountpoint}}", "decentra-data"), process)
	}
	return i.data[process]
}

// StartAll starts everything in order and waits until it serves.
func (i *Installation) StartAll() {
	i.tb.Helper()
	if i.compose != nil {
		i.compose.Up()
	} else {
		for _, name := range i.order {
			i.StartOne(name)
		}
	}
	i.AwaitReady()
}

// StopAll stops everything with SIGTERM, in the reverse order of the start.
// Every process must end with code 0.
func (i *Installation) StopAll() {
	i.tb.Helper()
	for n := len(i.order) - 1; n >= 0; n-- {
		if code := i.units[i.order[n]].Stop(); code != 0 {
			i.tb.Errorf("%s ended with exit code %d after SIGTERM, want 0", i.order[n], code)
		}
	}
}

// Kill ends a process with SIGKILL.
func (i *Installation) Kill(name string) { i.units[name].Kill() }

// StartOne starts a process that does not run, for the first time or again.
func (i *Installation) StartOne(name string) {
	i.tb.Helper()
	// What a killed process left behind would be taken for the new one's.
	for _, stale := range statusFiles(i.data[name]) {
		_ = os.Remove(stale)
	}
	i.units[name].Start()
}

// Replace kills a process and starts another program in its place, on the same
// data.
func (i *Installation) Replace(name, program string) {
	i.tb.Helper()
	process, ok := i.units[name].(*Process)
	if !ok {
		i.tb.Fatalf("%s is no process", name)
	}
	process.Kill()
	process.Path = program
	i.StartOne(name)
}

// AwaitReady waits until every process that runs says that it is ready, and a
// request through the published port succeeds.
func (i *Installation) AwaitReady() {
	i.tb.Helper()
	for _, name := range i.order {
		await.Until(i.tb, await.Patience, name+" becomes ready", func() error { return i.Ready(name) })
	}
	for _, base := range i.URLs {
		await.Until(i.tb, await.Patience, "the published port serves", func() error {
			if err := get(base + "/readyz"); err != nil {
				return err
			}
			return get(base + "/api/v1/installation")
		})
	}
}

// Ready asks a process whether it is ready.
func (i *Installation) Ready(name string) error {
	if !i.units[name].Running() {
		return fmt.Errorf("%s does not run", name)
	}
	if container, ok := i.units[name].(*Container); ok {
		return container.ready()
	}
	if name == NATS {
		conn, err := net.DialTimeout("tcp", i.nats, time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	address, err := i.Status(name)
	if err != nil {
		return err
	}
	return get("http://" + address + "/readyz")
}

// Status is the status address of a process that runs.
func (i *Installation) Status(name string) (string, error) {
	if container, ok := i.units[name].(*Container); ok {
		return net.JoinHostPort(container.Address(), statusPort), nil
	}
	files := statusFiles(i.data[name])
	if len(files) != 1 {
		return "", fmt.Errorf("%s has not written its status address", name)
	}
	address, err := os.ReadFile(files[0])
	return string(address), err
}

func statusFiles(dir string) []string {
	if dir == "" {
		return nil
	}
	files, _ := filepath.Glob(filepath.Join(dir, "status-address.*")) // the pattern is right
	return files
}

func get(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", url, response.Status, body)
	}
	return nil
}

// FreeAddress finds a free port on loopback. It lies below the ports that the
// system gives to outgoing connections, so that none of those takes it while
// the process that it is for restarts.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(15000+rand.IntN(17000)))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := listener.Close(); err == nil {
			return address
		}
	}
	tb.Fatal("no free port found")
	return ""
}
