package text_test

import (
	"strings"
	"testing"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/text"
)

func TestName(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		code           fault.Code
	}{
		{"trimmed", "  Club \n", "Club", ""},
		{"inner spaces stay", "The  Club", "The  Club", ""},
		{"any script", "ქართული 日本語", "ქართული 日本語", ""},
		{"emoji", "🎲", "🎲", ""},
		{"at the limit", strings.Repeat("é", 20), strings.Repeat("é", 20), ""},
		{"above the limit", strings.Repeat("é", 21), "", fault.TooLarge},
		{"empty", "", "", fault.Invalid},
		{"spaces alone", " \t\n", "", fault.Invalid},
		{"invisible", "\u200b\u200b", "", fault.Invalid},
		{"marks alone", "\u0301\u0301", "", fault.Invalid},
		{"control character", "a\x00b", "", fault.Invalid},
		{"line break", "a\nb", "", fault.Invalid},
		{"right-to-left override", "abc\u202etxt", "", fault.Invalid},
		{"not UTF-8", "a\xffb", "", fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := text.Name("name", c.in, 20)
			if got != c.want || c.code != "" != (err != nil) || err != nil && fault.Of(err).Code != c.code {
				t.Fatalf("got %q, %v", got, err)
			}
		})
	}
}

func TestBody(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		code           fault.Code
	}{
		{"line breaks stay", "a\n\n b", "a\n\n b", ""},
		{"ends are trimmed", "\n a \n", "a", ""},
		{"at the limit", strings.Repeat("日", 10), strings.Repeat("日", 10), ""},
		{"above the limit", strings.Repeat("日", 11), "", fault.TooLarge},
		{"empty", " \n ", "", fault.Invalid},
		{"NUL", "a\x00", "", fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := text.Body(c.in, 10)
			if got != c.want || c.code != "" != (err != nil) || err != nil && fault.Of(err).Code != c.code {
				t.Fatalf("got %q, %v", got, err)
			}
		})
	}
}
