package bench

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// memoryHolders hold the memory of a Go program, each the sum of some metrics less
// those with a minus.
var memoryHolders = []struct {
	name    string
	metrics []string
}{
	{"the heap", []string{"go_memstats_heap_sys_bytes", "-go_memstats_heap_released_bytes"}},
	{"stacks", []string{"go_memstats_stack_sys_bytes"}},
	{"the runtime's tables", []string{"go_memstats_mspan_sys_bytes", "go_memstats_mcache_sys_bytes", "go_memstats_gc_sys_bytes", "go_memstats_buck_hash_sys_bytes", "go_memstats_other_sys_bytes"}},
}

// memoryHolders are the bytes that each of memoryHolders has in the system's
// processes, that of the NATS server apart, which says nothing of it.
func (s *system) memoryHolders() ([]float64, error) {
	all := make([]float64, len(memoryHolders))
	if s.inst == nil {
		return all, nil
	}
	addresses, err := s.profiled()
	if err != nil {
		return nil, err
	}
	for _, address := range addresses {
		values, err := metricsOf(address)
		if err != nil {
			return nil, err
		}
		for i, h := range memoryHolders {
			for _, name := range h.metrics {
				if rest, less := strings.CutPrefix(name, "-"); less {
					all[i] -= values[rest]
				} else {
					all[i] += values[name]
				}
			}
		}
	}
	return all, nil
}

// metricsOf are the metrics without labels that a process serves.
func metricsOf(base string) (map[string]float64, error) {
	response, err := http.Get(base + "/metrics")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metrics of %s: %s", base, response.Status)
	}
	values := map[string]float64{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			values[name] = v
		}
	}
	return values, lines.Err()
}
