package certificate_test

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"decentra.local/services/gateway/internal/certificate"
)

func open(t *testing.T, o certificate.Options) *certificate.Certificate {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	c, err := certificate.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func shown(t *testing.T, c *certificate.Certificate) *tls.Certificate {
	t.Helper()
	got, err := c.Config.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestNothingAskedForIsNoTLS(t *testing.T) {
	if c := open(t, certificate.Options{}); c != nil {
		t.Errorf("got %+v", c)
	}
}

func TestASelfMadeCertificateIsKept(t *testing.T) {
	o := certificate.Options{SelfMade: []string{certificate.Auto}, Store: filepath.Join(t.TempDir(), "tls")}
	first := shown(t, open(t, o))
	for _, name := range []string{"localhost", "127.0.0.1"} {
		if err := first.Leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if again := shown(t, open(t, o)); !again.Leaf.Equal(first.Leaf) {
		t.Error("the next start made another certificate: everybody is asked again")
	}
	o.SelfMade = []string{"chat.lan", "192.0.2.7"}
	other := open(t, o)
	for _, name := range o.SelfMade {
		if err := shown(t, other).Leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	info, err := os.Stat(filepath.Join(o.Store, "self-made.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file is %v, %v", info, err)
	}
}

func TestADamagedSelfMadeCertificateIsMadeAnew(t *testing.T) {
	o := certificate.Options{SelfMade: []string{certificate.Auto}, Store: t.TempDir()}
	if err := os.WriteFile(filepath.Join(o.Store, "self-made.pem"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	shown(t, open(t, o))
}

// TestASelfMadeCertificateOfALaterTimeIsMadeAnew: a clock that was ahead leaves one
// that is not good yet. The bubble is in the year 2000.
func TestASelfMadeCertificateOfALaterTimeIsMadeAnew(t *testing.T) {
	options := certificate.Options{SelfMade: []string{"chat.example"}, Store: t.TempDir()}
	later := shown(t, open(t, options))
	if again := shown(t, open(t, options)); !again.Leaf.Equal(later.Leaf) {
		t.Error("one that is good was made anew")
	}
	synctest.Test(t, func(t *testing.T) {
		made := shown(t, open(t, options))
		if made.Leaf.Equal(later.Leaf) || time.Now().Before(made.Leaf.NotBefore) {
			t.Errorf("at %s the certificate is good from %s on", time.Now(), made.Leaf.NotBefore)
		}
	})
}

// TestFilesMayBeReplaced, by whoever renews them; what can't be read changes
// nothing. Time is the bubble's own.
func TestFilesMayBeReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		made := func(name string) string {
			store := filepath.Join(dir, name)
			open(t, certificate.Options{SelfMade: []string{name}, Store: store})
			content, err := os.ReadFile(filepath.Join(store, "self-made.pem"))
			if err != nil {
				t.Fatal(err)
			}
			return string(content)
		}
		file, age := filepath.Join(dir, "cert.pem"), time.Now()
		put := func(content string) {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			age = age.Add(time.Second)
			if err := os.Chtimes(file, age, age); err != nil {
				t.Fatal(err)
			}
		}
		first, second := made("first.example"), made("second.example")
		put(first)
		c := open(t, certificate.Options{CertFile: file, KeyFile: file})
		for _, step := range []struct{ content, shows string }{{first, "first.example"}, {second, "second.example"}, {"nonsense", "second.example"}, {first, "first.example"}} {
			put(step.content)
			time.Sleep(time.Minute)
			if got := shown(t, c).Leaf.DNSNames; len(got) != 1 || got[0] != step.shows {
				t.Errorf("it shows %q, want %s", got, step.shows)
			}
		}
	})
}

func TestSettingsThatCantBe(t *testing.T) {
	for _, c := range []struct {
		name    string
		options certificate.Options
		says    string
	}{
		{"a certificate without its key", certificate.Options{CertFile: "a.pem"}, "belong together"},
		{"files that are not there", certificate.Options{CertFile: "a.pem", KeyFile: "b.pem"}, "a.pem"},
		{"two ways", certificate.Options{Domains: []string{"chat.example"}, SelfMade: []string{"auto"}}, "exclude each other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := certificate.Open(c.options); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
		})
	}
}
