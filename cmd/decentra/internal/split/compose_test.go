package split

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"decentra.local/pkg/contract"
)

const composeFile = "../../../../docker-compose.yml"

// The containers run under the users that `decentra init` gives directories to.
func TestContainersRunUnderTheUsersOfTheirDirectories(t *testing.T) {
	for _, file := range []string{composeFile, "../../../../Dockerfile"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, user := range Users {
			if name == NATS && file != composeFile {
				continue // the image is not ours
			}
			pattern := fmt.Sprintf(`(?ms)^(  %s:|FROM base AS %s)( &\w+)?$.*?^(    user: "|USER )%d:%d"?$`, name, name, user, user)
			match := regexp.MustCompile(pattern).FindString(string(content))
			if match == "" || strings.Count(match, "\nFROM ") > 0 || strings.Count(match, "user:") > 1 {
				t.Errorf("%s does not run %s under the user %d", file, name, user)
			}
		}
	}
}

// docker-compose.yml changes when permissions do: compose leaves a NATS server
// alone whose definition is the same, and it would go on with the old ones.
// DECENTRA_UPDATE=1 writes the value anew.
func TestAChangeOfPermissionsStartsNATSAnew(t *testing.T) {
	keys := map[string]string{}
	for _, service := range contract.Services {
		keys[service] = service
	}
	sum := sha256.Sum256([]byte(configuration("/data", keys)))
	line := regexp.MustCompile(`DECENTRA_PERMISSIONS: "\w*"`)
	want := fmt.Sprintf(`DECENTRA_PERMISSIONS: "%s"`, hex.EncodeToString(sum[:8]))
	content, err := os.ReadFile(composeFile)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(content), want) {
		return
	}
	if os.Getenv("DECENTRA_UPDATE") == "" {
		t.Fatalf("%s is not of this code's permissions; run make generate", composeFile)
	}
	if err := os.WriteFile(composeFile, line.ReplaceAll(content, []byte(want)), 0o600); err != nil {
		t.Fatal(err)
	}
}
