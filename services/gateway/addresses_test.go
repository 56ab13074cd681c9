package gateway

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// inAddresses are the parameters that the addresses of the published port have.
// Addresses end up in logs, histories and links that are passed on: none of these
// lets in whoever has it. A picture's hash shows a picture that its user shows to
// everybody; a session's id is not its token.
var inAddresses = map[string][]string{
	"path":  {"channel_id", "dm_id", "hash", "message_id", "server_id", "session_id", "username"},
	"query": {"after", "around", "before", "limit", "query"},
}

func TestNoSecretIsInAnAddress(t *testing.T) {
	for id, op := range operations(t) {
		for _, p := range op.Parameters {
			if names, ok := inAddresses[p.In]; ok && !slices.Contains(names, p.Name) {
				t.Errorf("%s has %s in its address; what lets somebody in belongs into a body or a header", id, p.Name)
			}
		}
	}

	// What is not described as well.
	router, ok := new(Service).routes().(chi.Routes)
	if !ok {
		t.Fatal("the routes can't be walked through")
	}
	variable := regexp.MustCompile(`\{(\w+)[^}]*\}`)
	walked := map[string]bool{}
	err := chi.Walk(router, func(_, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		walked[route] = true
		for _, found := range variable.FindAllStringSubmatch(route, -1) {
			if !slices.Contains(inAddresses["path"], found[1]) {
				t.Errorf("%s has %s in its path", route, found[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range []string{"/ws", "/api/v1/avatars/{hash}", "/api/servers", "/api/v1/sessions/{session_id}"} {
		if !walked[route] {
			t.Errorf("the walk did not come past %s", route)
		}
	}
}

// What reads a query itself, beside the description, is the API of the original
// alone, and what that reads is known.
func TestQueriesAreReadInOnePlace(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	reads := regexp.MustCompile(`\.Query\(\)|RawQuery|FormValue|ParseForm|ParseMultipartForm`)
	names := regexp.MustCompile(`[qQ]uery(?:\(\))?\.Get\("([^"]*)"\)`)
	var read []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		if reads.Match(source) && file != "original.go" {
			t.Errorf("%s reads the query of a request by itself", file)
		}
		for _, found := range names.FindAllStringSubmatch(string(source), -1) {
			read = append(read, found[1])
		}
	}
	slices.Sort(read)
	if want := []string{"context_id", "context_type", "limit", "username"}; !slices.Equal(read, want) {
		t.Errorf("the queries that are read have %q, want %q", read, want)
	}
}
