package host

import (
	"fmt"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// Version is the version of the program (semver.org).
const Version = "0.1.0"

// commit is the revision it was built from; the linker sets it.
var commit = "unknown"

// describeVersion is what the command `version` prints.
func describeVersion(program string) string {
	return fmt.Sprintf("%s %s (commit %s, %s, %s/%s)", program, Version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// buildInfo is a gauge that is always 1 and whose labels tell what runs.
func buildInfo() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "decentra_build_info", Help: "What runs.",
		ConstLabels: prometheus.Labels{"version": Version, "commit": commit, "go": runtime.Version()},
	}, func() float64 { return 1 })
}
