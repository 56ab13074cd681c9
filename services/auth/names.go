package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/wire"
)

// newName checks a name for a new account: RFC 8265's UsernameCasePreserved,
// narrowed to letters, marks, digits, `_`, `-` and `.`, and not of marks alone: `..`
// means something in a path.
func newName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", fault.New(fault.Invalid, "The user name is missing.")
	}
	if n := utf8.RuneCountInString(name); n > wire.Bounds.Username {
		return "", fault.New(fault.TooLarge, "A user name may have at most %d characters.", wire.Bounds.Username)
	}
	name, err := precis.UsernameCasePreserved.String(name)
	if err != nil || strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune("_-.", r)
	}) || !strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N) }) {
		return "", fault.New(fault.Invalid, "A user name has letters, digits, “_”, “-” and “.” only.")
	}
	return name, nil
}

// nameKey is the form in which names are compared: without regard to case.
func nameKey(name string) string {
	name = strings.TrimSpace(name)
	if key, err := precis.UsernameCaseMapped.CompareKey(name); err == nil {
		return key
	}
	return strings.ToLower(name)
}
