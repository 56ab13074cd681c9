// Command generate writes what is made from the contracts: API.md and the web
// client's types. It is run in the root of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"decentra.local/services/gateway/internal/reference"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := reference.Generate(root)
	if err != nil {
		return err
	}
	for name, content := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
