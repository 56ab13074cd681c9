package installation

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// natsVariable makes the test binary a NATS server on that address.
const natsVariable = "E2E_NATS_ADDRESS"

// natsConfigVariable is that server's configuration, as `decentra init` wrote it.
const natsConfigVariable = "E2E_NATS_CONFIG"

var programs = []string{"decentra", "auth", "chat", "social", "voice-signal", "gateway"}

var binaries string

// Main is the body of TestMain: it finds or builds the programs and runs the
// tests. The binary that it starts anew as a NATS server ends here too.
func Main(m *testing.M) int {
	if address := os.Getenv(natsVariable); address != "" {
		return serveNATS(address, os.Getenv(natsConfigVariable))
	}
	dir := os.Getenv("DECENTRA_BIN_DIR")
	if dir == "" {
		dir = filepath.Join(root(), "bin")
	}
	if !complete(dir) {
		built, err := os.MkdirTemp("", "decentra-bin-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(built)
		if err := build(built); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		dir = built
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binaries = absolute
	return m.Run()
}

// Program is the path of a program by name.
func Program(name string) string { return filepath.Join(binaries, name) }

func complete(dir string) bool {
	for _, name := range programs {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

func build(dir string) error {
	arguments := []string{"build", "-o", dir + string(filepath.Separator), "./cmd/decentra"}
	for _, name := range programs[1:] {
		arguments = append(arguments, "./services/"+name+"/cmd/"+name)
	}
	cmd := exec.Command("go", arguments...)
	cmd.Dir = root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}

// serveNATS is a NATS server as an operator runs it beside the services, but for
// its address.
func serveNATS(address, config string) int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	options, err := server.ProcessConfigFile(config)
	if err != nil {
		return fail(err)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fail(err)
	}
	if options.Port, err = strconv.Atoi(port); err != nil {
		return fail(err)
	}
	options.Host, options.HTTPPort, options.NoSigs = host, 0, true
	s, err := server.NewServer(options)
	if err != nil {
		return fail(err)
	}
	s.ConfigureLogger()
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		fmt.Fprintln(os.Stderr, "nats did not start")
		return 1
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	<-stop
	s.Shutdown()
	s.WaitForShutdown()
	return 0
}
