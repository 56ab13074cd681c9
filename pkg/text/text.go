// Package text owns what text that people type may look like: names are
// trimmed and have no control characters, messages keep their line breaks.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"decentra.local/pkg/fault"
)

// Name trims a name of at most limit characters. What it is the name of goes
// into the refusal: `invalid` for nothing left, an invisible name or control
// characters, `too_large` above the limit.
func Name(what, s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	if n := utf8.RuneCountInString(s); n > limit {
		return "", fault.New(fault.TooLarge, "The %s may have at most %d characters.", what, limit)
	}
	visible := false
	for _, r := range s {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), isLayout(r):
			return "", fault.New(fault.Invalid, "The %s has characters that can't be shown.", what)
		case unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r):
			visible = true
		}
	}
	if !visible {
		return "", fault.New(fault.Invalid, "The %s is missing.", what)
	}
	return s, nil
}

// Optional is Name for a text that may be empty and have several lines.
func Optional(what, s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	if n := utf8.RuneCountInString(s); n > limit {
		return "", fault.New(fault.TooLarge, "The %s may have at most %d characters.", what, limit)
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || r != '\n' && unicode.IsControl(r) || isLayout(r)
	}) {
		return "", fault.New(fault.Invalid, "The %s has characters that can't be shown.", what)
	}
	return s, nil
}

// isLayout tells the characters that change the direction or the lines of the
// text around them (Unicode Annex 9, explicit formatting characters).
func isLayout(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}

// Body checks a message of at most limit characters. Spaces at its ends go, what
// is inside stays as it was typed.
func Body(s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", fault.New(fault.Invalid, "The message is empty.")
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return "", fault.New(fault.TooLarge, "A message may have at most %d characters; this one has %d.", limit, n)
	}
	if strings.ContainsRune(s, 0) {
		return "", fault.New(fault.Invalid, "The message has characters that can't be stored.")
	}
	return s, nil
}

// Cut is the beginning of a text, of at most limit bytes, without half a character.
func Cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
