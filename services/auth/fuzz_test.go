package auth

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/wire"
)

// FuzzPicture takes any bytes for a picture: they are refused with a code, or
// kept as they are, under a type that is taken.
func FuzzPicture(f *testing.F) {
	var small, moving bytes.Buffer
	if err := png.Encode(&small, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		f.Fatal(err)
	}
	if err := gif.Encode(&moving, image.NewGray(image.Rect(0, 0, 1, 1)), nil); err != nil {
		f.Fatal(err)
	}
	webp := "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
	for _, seed := range [][]byte{small.Bytes(), small.Bytes()[:40], moving.Bytes(), []byte(webp), []byte("\xff\xd8\xff\xe0"), []byte("<svg/>"), nil} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		hash, err := storePicture(dir, "data:image/png;base64,"+base64.StdEncoding.EncodeToString(content))
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("the refusal %v has no code", err)
			}
			return
		}
		stored, err := os.ReadFile(filepath.Join(dir, "pictures", hash))
		if err != nil || !bytes.Equal(stored, content) || pictureType(stored) == "" {
			t.Fatalf("stored are %d bytes of type %q, %v", len(stored), pictureType(stored), err)
		}
		_ = os.Remove(filepath.Join(dir, "pictures", hash))
	})
}

// FuzzName takes any text for a user name: what is taken is taken again as it is,
// is short, and is the same name in every case.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"ann", "Zoë", "ǅ", "ß", "İ", "ﬁ", "ＡＢ", "a\u0300", "\u200d", "a b", "Ω", "ς"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := newName(text)
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("the refusal %v has no code", err)
			}
			return
		}
		if again, err := newName(name); err != nil || again != name {
			t.Fatalf("%q became %q, and that %q, %v", text, name, again, err)
		}
		if utf8.RuneCountInString(name) > 2*wire.Bounds.Username || nameKey(name) == "" || nameKey(nameKey(name)) != nameKey(name) {
			t.Fatalf("%q has the key %q, and that %q", name, nameKey(name), nameKey(nameKey(name)))
		}
		if strings.ContainsAny(name, " /\n<>@#:") {
			t.Fatalf("%q was taken", name)
		}
	})
}
