package certificate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// selfMadeLife is what browsers bear at most.
	selfMadeLife = 397 * 24 * time.Hour
	// selfMadeRenewal is how long before its end a new one is made, at the start.
	selfMadeRenewal = 60 * 24 * time.Hour
)

// Auto lets the self-made certificate be for every name and address of this
// machine.
const Auto = "auto"

// selfMade is a certificate of this machine's own. It is kept, so that who has
// accepted it is asked again only when it ends, or is to have other names.
func selfMade(o Options) (*Certificate, error) {
	file := filepath.Join(o.Store, "self-made.pem")
	wanted := o.SelfMade
	if len(wanted) == 1 && wanted[0] == Auto {
		wanted = nil
	}
	loaded, err := load(file)
	if err != nil || !covers(loaded.Leaf, wanted) {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			o.Log.Warn("the self-made certificate can't be read and is made anew", "error", err)
		}
		if wanted == nil {
			wanted = identities()
		}
		if err := generate(file, wanted); err != nil {
			return nil, fmt.Errorf("make a certificate: %w", err)
		}
		if loaded, err = load(file); err != nil {
			return nil, fmt.Errorf("read the certificate just made: %w", err)
		}
	}
	sum := sha256.Sum256(loaded.Leaf.Raw)
	return &Certificate{
		Config: configuration(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return loaded, nil }),
		Obtain: func(context.Context) {},
		Note:   "self-made certificate, browsers ask once; its SHA-256 is " + fingerprint(sum[:]),
	}, nil
}

// identities are the names and addresses by which others may know this machine.
func identities() []string {
	known := []string{"localhost"}
	if host, err := os.Hostname(); err == nil && host != "localhost" {
		known = append(known, host)
		if !strings.Contains(host, ".") {
			known = append(known, host+".local") // by multicast DNS
		}
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return append(known, "127.0.0.1", "::1")
	}
	for _, a := range all {
		if network, ok := a.(*net.IPNet); ok && !network.IP.IsLinkLocalUnicast() {
			known = append(known, network.IP.String())
		}
	}
	return known
}

// covers reports whether a certificate is good for all of these, now, and for a
// while: one of a clock that was ahead is not yet.
func covers(leaf *x509.Certificate, wanted []string) bool {
	for _, name := range wanted {
		if leaf.VerifyHostname(name) != nil {
			return false
		}
	}
	return time.Until(leaf.NotBefore) <= 0 && time.Until(leaf.NotAfter) > selfMadeRenewal
}

func generate(file string, identities []string) error {
	var names []string
	var addresses []net.IP
	for _, text := range identities {
		if address := net.ParseIP(text); address != nil {
			addresses = append(addresses, address)
		} else {
			names = append(names, text)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Decentra on " + identities[0]},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(selfMadeLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: names, IPAddresses: addresses,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	content := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func load(file string) (*tls.Certificate, error) {
	loaded, err := tls.LoadX509KeyPair(file, file)
	return &loaded, err
}

// fingerprint is how browsers show one.
func fingerprint(sum []byte) string {
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}
