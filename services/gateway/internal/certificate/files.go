package certificate

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookAgain is how often the files are looked at for a change: whoever renews
// them need not know of this process.
const lookAgain = time.Minute

// pair is a certificate and its key in files.
type pair struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	loaded  *tls.Certificate
	changed [2]time.Time // of the files that were loaded
	looked  time.Time
}

// get is the certificate as the files have it, or had it when they were last
// good.
func (p *pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loaded != nil && time.Since(p.looked) < lookAgain {
		return p.loaded, nil
	}
	p.looked = time.Now()
	changed, err := p.times()
	if err == nil && (p.loaded == nil || changed != p.changed) {
		var loaded tls.Certificate
		if loaded, err = tls.LoadX509KeyPair(p.cert, p.key); err == nil {
			p.loaded, p.changed = &loaded, changed
		}
	}
	if err != nil && p.loaded == nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	if err != nil {
		p.log.Error("the new certificate can't be read; the old one is used on", "error", err)
	}
	return p.loaded, nil
}

func (p *pair) times() (times [2]time.Time, err error) {
	for i, name := range []string{p.cert, p.key} {
		info, err := os.Stat(name)
		if err != nil {
			return times, err
		}
		times[i] = info.ModTime()
	}
	return times, nil
}
