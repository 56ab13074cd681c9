package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"decentra.local/pkg/fault"
)

// FuzzText takes any text for a name and for a message. What is taken is taken
// again as it is.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"hello", " x ", "a\u202eb", "\u200b", "a\nb", "\x00", "\xff", "👩‍👩‍👧", "\u2028", strings.Repeat("é", 101)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, check := range map[string]func(string) (string, error){
			"name":     func(s string) (string, error) { return Name("name", s, 100) },
			"optional": func(s string) (string, error) { return Optional("text", s, 100) },
			"body":     func(s string) (string, error) { return Body(s, 100) },
		} {
			got, err := check(s)
			if err != nil {
				if fault.Of(err) == nil {
					t.Fatalf("%s %q: the refusal %v has no code", name, s, err)
				}
				continue
			}
			if again, err := check(got); err != nil || again != got {
				t.Fatalf("%s: %q became %q, and that %q, %v", name, s, got, again, err)
			}
			if utf8.RuneCountInString(got) > 100 || strings.ContainsRune(got, 0) || name == "name" && strings.ContainsFunc(got, unicode.IsControl) {
				t.Fatalf("%s: %q was taken", name, got)
			}
		}
	})
}
