// Package certificate owns what the gateway shows to be who it is over TLS: the
// operator's files, a certificate that an ACME server gives for a domain, or one
// that it makes itself for a network of its own.
package certificate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

const (
	// firstRetry is the pause after an ACME server's first refusal: they bear five
	// an hour.
	firstRetry = 15 * time.Minute
	lastRetry  = 4 * time.Hour
)

// modern is what a client offers that takes an elliptic curve's key.
var modern = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}

// Options say which certificate; at most one way of three, none: no TLS.
type Options struct {
	// CertFile and KeyFile are PEM files. They may be replaced while it serves.
	CertFile, KeyFile string
	// Domains are those that an ACME server is asked for (RFC 8555), by
	// tls-alpn-01 (RFC 8737): port 443 of the domain must lead here. Directory is
	// the server's address; empty: Let's Encrypt.
	Domains   []string
	Directory string
	// SelfMade are the names and addresses of a certificate that is made here, or
	// Auto.
	SelfMade []string
	// Store is where certificates are kept that no file of the operator's has.
	Store string
	Log   *slog.Logger
}

// Certificate is a way to TLS, and what a person should know of it.
type Certificate struct {
	Config *tls.Config
	// Host is the name that the certificate is for; empty: any.
	Host string
	Note string
	// Obtain gets what is to be got from elsewhere, and tries until ctx ends.
	Obtain func(ctx context.Context)
}

// Open returns what was asked for; nil: no TLS.
func Open(o Options) (*Certificate, error) {
	files, domains := o.CertFile != "" || o.KeyFile != "", len(o.Domains) > 0
	ways := 0
	for _, asked := range []bool{files, domains, len(o.SelfMade) > 0} {
		if asked {
			ways++
		}
	}
	switch {
	case ways == 0:
		return nil, nil
	case ways > 1:
		return nil, errors.New("--tls-cert, --tls-acme and --tls-self exclude each other")
	case files:
		return fromFiles(o)
	case domains:
		return fromACME(o), nil
	default:
		return selfMade(o)
	}
}

// configuration is what all ways have in common.
func configuration(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: get}
}

func fromFiles(o Options) (*Certificate, error) {
	if o.CertFile == "" || o.KeyFile == "" {
		return nil, errors.New("--tls-cert and --tls-key belong together")
	}
	pair := &pair{cert: o.CertFile, key: o.KeyFile, log: o.Log}
	loaded, err := pair.get(nil)
	if err != nil {
		return nil, err
	}
	host := ""
	if names := loaded.Leaf.DNSNames; len(names) > 0 && !strings.HasPrefix(names[0], "*") {
		host = names[0]
	}
	return &Certificate{
		Config: configuration(pair.get), Host: host, Obtain: func(context.Context) {},
		Note: "certificate from " + o.CertFile + ", until " + loaded.Leaf.NotAfter.Format("2 January 2006"),
	}, nil
}

func fromACME(o Options) *Certificate {
	manager := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(o.Store, "acme")),
		HostPolicy: autocert.HostWhitelist(o.Domains...),
	}
	if o.Directory != "" {
		manager.Client = &acme.Client{DirectoryURL: o.Directory}
	}
	config := configuration(func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "" { // from clients that came by the address alone
			hello.ServerName = o.Domains[0]
		}
		return manager.GetCertificate(hello)
	})
	config.NextProtos = append(config.NextProtos, acme.ALPNProto)
	return &Certificate{
		Config: config, Host: o.Domains[0],
		Note: fmt.Sprintf("certificate by ACME for %s", strings.Join(o.Domains, ", ")),
		Obtain: func(ctx context.Context) {
			var all sync.WaitGroup
			for _, domain := range o.Domains {
				all.Go(func() { obtain(ctx, manager, domain, o.Log) })
			}
			all.Wait()
		},
	}
}

// obtain asks for a domain's certificate before the first visitor does, and says
// what hinders it. The manager renews it later.
func obtain(ctx context.Context, manager *autocert.Manager, domain string, log *slog.Logger) {
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		failed := make(chan error, 1)
		go func() { // bounded by the manager alone, which gives up after minutes
			_, err := manager.GetCertificate(&tls.ClientHelloInfo{ServerName: domain, CipherSuites: modern})
			failed <- err
		}()
		select {
		case <-ctx.Done():
			return
		case err := <-failed:
			if err == nil {
				log.Info("the ACME server's certificate is there", "domain", domain)
				return
			}
			log.Error("no certificate from the ACME server; does the domain's port 443 lead here?", "domain", domain, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
