package auth

import (
	"strings"
	"testing"

	"decentra.local/pkg/fault"
)

func TestNewName(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		code           fault.Code
	}{
		{"plain", "ann", "ann", ""},
		{"trimmed", "  ann ", "ann", ""},
		{"capitals stay", "Ann", "Ann", ""},
		{"other letters", "Zoë", "Zoë", ""},
		{"other scripts", "山田", "山田", ""},
		{"composed", "Zoe\u0308", "Zoë", ""},
		{"full width", "ＡＢ", "AB", ""},
		{"punctuation", "a_b-c.d1", "a_b-c.d1", ""},
		{"at the limit", strings.Repeat("ü", 32), strings.Repeat("ü", 32), ""},
		{"above the limit", strings.Repeat("ü", 33), "", fault.TooLarge},
		{"100 kB", strings.Repeat("a", 100_000), "", fault.TooLarge},
		{"empty", "   ", "", fault.Invalid},
		{"space inside", "a b", "", fault.Invalid},
		{"slash", "a/b", "", fault.Invalid},
		{"dots alone", "..", "", fault.Invalid},
		{"marks alone", "_-.", "", fault.Invalid},
		{"markup", "<b>", "", fault.Invalid},
		{"control", "a\x00", "", fault.Invalid},
		{"right-to-left override", "a\u202eb", "", fault.Invalid},
		{"not UTF-8", "a\xff", "", fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := newName(c.in)
			if got != c.want || (err != nil) != (c.code != "") || err != nil && fault.Of(err).Code != c.code {
				t.Fatalf("got %q, %v", got, err)
			}
		})
	}
}

func TestNamesAreComparedWithoutRegardToCase(t *testing.T) {
	for _, same := range [][2]string{{"Ann", "aNN"}, {"ZOË", "zoë"}, {" ann", "ann "}, {"Straße", "STRAßE"}, {"a b?", "A B?"}} {
		if nameKey(same[0]) != nameKey(same[1]) {
			t.Errorf("%q and %q differ", same[0], same[1])
		}
	}
	if nameKey("ann") == nameKey("anne") {
		t.Error("different names are the same")
	}
}
