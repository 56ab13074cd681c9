package auth

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/time/rate"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/wire"
)

// passwords does the bcrypt work on a bounded pool, so that a flood of logins
// takes at most half of the cores.
type passwords struct {
	cost  int
	slots chan struct{}
	decoy []byte // compared with when the name is unknown: the same time for both
	wrong *wrongTries

	waiting prometheus.Gauge
	check   prometheus.Histogram
}

func newPasswords(cost int, limits bool, r prometheus.Registerer) (*passwords, error) {
	decoy, err := bcrypt.GenerateFromPassword([]byte("nobody has this password"), cost)
	if err != nil {
		return nil, fmt.Errorf("prepare password check: %w", err)
	}
	metric := promauto.With(r)
	p := &passwords{
		cost: cost, decoy: decoy, slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		waiting: metric.NewGauge(prometheus.GaugeOpts{
			Name: "auth_bcrypt_waiting", Help: "Password checks that wait for a processor."}),
		check: metric.NewHistogram(prometheus.HistogramOpts{
			Name: "auth_bcrypt_seconds", Help: "Time of a password check, the wait for it included.",
			Buckets: prometheus.ExponentialBuckets(0.01, 2, 10)}),
	}
	if limits {
		p.wrong = &wrongTries{limiters: map[string]*rate.Limiter{}}
	}
	return p, nil
}

// importedHash begins the hashes that the original made. Those made here begin
// with $2a$.
const importedHash = "$2b$"

// checkNew refuses a password that can't be stored whole.
func (p *passwords) checkNew(password string) error {
	if len(password) < wire.Bounds.PasswordMin {
		return fault.New(fault.Invalid, "The password is missing.")
	}
	if len(password) > wire.Bounds.PasswordMax {
		return fault.New(fault.TooLarge, "The password may have at most %d bytes; this one has %d.", wire.Bounds.PasswordMax, len(password))
	}
	return nil
}

// hash makes the stored form of a password.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	defer p.measure(time.Now())
	if err := p.take(ctx); err != nil {
		return "", err
	}
	defer p.release()
	hashed, err := bcrypt.GenerateFromPassword([]byte(password), p.cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return string(hashed), nil
}

// matches compares in a time that does not tell whether the account exists:
// an empty hash stands for one that doesn't. bcrypt reads 72 bytes and would take
// a longer password for the one it begins with; those that were imported were made
// that way, and stay as good as they were. A wrong one is counted for the name's
// key before the next is looked at, so that many at once are no way past that.
func (p *passwords) matches(ctx context.Context, key, hashed, password string, now time.Time) (bool, error) {
	defer p.measure(time.Now())
	if err := p.take(ctx); err != nil {
		return false, err
	}
	release := p.release
	defer func() { release() }()
	if err := p.patience(key, now); err != nil {
		return false, err
	}
	started := time.Now()
	against := []byte(hashed)
	if hashed == "" {
		against = p.decoy
	}
	err := bcrypt.CompareHashAndPassword(against, []byte(password))
	whole := len(password) <= wire.Bounds.PasswordMax || strings.HasPrefix(hashed, importedHash)
	right := err == nil && hashed != "" && whole
	if !right && p.wrong != nil {
		p.wrong.note(key, now)
		rest := time.Since(started) // a flood of guesses works half of the time
		release = func() { time.AfterFunc(rest, p.release) }
	}
	return right, nil
}

// patience refuses a try for a name that has had too many wrong ones.
func (p *passwords) patience(key string, now time.Time) error {
	if wait := p.wrong.wait(key, now); wait > 0 {
		return fault.Limited(wait, "Too many wrong passwords. Please wait a few seconds.")
	}
	return nil
}

func (p *passwords) measure(start time.Time) { p.check.Observe(time.Since(start).Seconds()) }

func (p *passwords) take(ctx context.Context) error {
	p.waiting.Inc()
	defer p.waiting.Dec()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "Too many people are logging in right now. Please try again.")
	}
}

func (p *passwords) release() { <-p.slots }

// wrongTries bounds guessing: ten wrong passwords for a name, then one try in
// five seconds, and never a lock-out.
type wrongTries struct {
	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

const (
	wrongBurst    = 10
	wrongInterval = 5 * time.Second
	wrongNames    = 10_000 // names remembered; the recovered ones are forgotten first
)

// wait says how long to wait before the next try; 0: now.
func (w *wrongTries) wait(key string, now time.Time) time.Duration {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	limiter := w.limiters[key]
	if limiter == nil {
		return 0
	}
	missing := 1 - limiter.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing * float64(wrongInterval))
}

// note counts a wrong password.
func (w *wrongTries) note(key string, now time.Time) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	limiter := w.limiters[key]
	if limiter == nil {
		if len(w.limiters) >= wrongNames {
			w.forget(now)
		}
		limiter = rate.NewLimiter(rate.Every(wrongInterval), wrongBurst)
		w.limiters[key] = limiter
	}
	limiter.AllowN(now, 1)
}

// forget drops the names that have all their tries back, or all of them when
// there are none such.
func (w *wrongTries) forget(now time.Time) {
	for key, limiter := range w.limiters {
		if limiter.TokensAt(now) >= wrongBurst {
			delete(w.limiters, key)
		}
	}
	if len(w.limiters) >= wrongNames {
		clear(w.limiters)
	}
}
