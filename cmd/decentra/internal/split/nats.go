package split

import (
	"fmt"
	"path/filepath"
	"strings"

	"decentra.local/pkg/bus"
	"decentra.local/pkg/contract"
)

// configuration is the NATS server's: who may connect, and what each may say
// and hear. A server that runs has to be started anew to learn of a change.
func configuration(dir string, keys map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Written by "decentra init" at every start; changes here are lost.
server_name: decentra
listen: "0.0.0.0:4222"
http: "127.0.0.1:8222"
max_payload: %d
max_pending: %d
jetstream {
  store_dir: %q
  max_memory_store: %d
  max_file_store: %d
}
authorization {
  users: [
`, bus.MaxPayload, bus.MaxPending, filepath.Join(dir, NATS), bus.MaxMemory, bus.MaxStore)
	for _, service := range contract.Services {
		fmt.Fprintf(&b, "    { # %s\n      nkey: %s\n%s    }\n", service, keys[service], permissions(service))
	}
	b.WriteString("  ]\n}\n")
	return b.String()
}

// permissions are what the configuration says of one service.
func permissions(service string) string {
	access := contract.AccessOf(service)
	list := func(subjects []string) string {
		var quoted []string
		for _, s := range subjects {
			quoted = append(quoted, fmt.Sprintf("%q", s))
		}
		return strings.Join(quoted, ", ")
	}
	return fmt.Sprintf(`      permissions: {
        publish: { allow: [%s] }
        subscribe: { allow: [%s] }
        allow_responses: { max: 1, expires: "1m" }
      }
`, list(access.Publish), list(access.Subscribe))
}
