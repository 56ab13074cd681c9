// Package store owns the SQLite file: how it is opened, migrated, read and
// written.
//
// One connection writes. Everything that waits to be written goes into one
// transaction, so that many callers share one sync to the disk (group commit).
// A small pool of connections reads; in WAL mode neither waits for the other.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"modernc.org/sqlite"

	"decentra.local/pkg/fault"
)

// Options says which file to open and what it holds.
type Options struct {
	// Path of the file. It and its directory are made if missing, for the
	// current user only (modes 0600 and 0700).
	Path string
	// Migrations are brought up to date in this order before Open returns.
	Migrations []Migrations
	// Log may be nil.
	Log *slog.Logger
	// Metrics may be nil.
	Metrics prometheus.Registerer
}

// DB is an open database. Its methods may be called concurrently.
type DB struct {
	log     *slog.Logger
	pools   []*sql.DB
	writer  *writer
	readers *readers

	closeOnce sync.Once
	closeErr  error
}

// Stats counts what the writer has done since Open.
type Stats struct {
	// Commits is the number of transactions committed, Functions the number
	// of Update functions in them.
	Commits, Functions uint64
	// CommitTime is the total time spent in COMMIT, the sync to disk included.
	CommitTime time.Duration
	// Queue is how many Update calls wait right now.
	Queue int
	// Readers is how many View calls can run at the same time.
	Readers int
}

const (
	minReaders = 2
	maxReaders = 8
)

// Open opens the file, brings its tables up to date and starts the writer. A file
// that is gone, where a marker beside it says that there was one, is an error: an
// upgrade or a wrong mount must not start an empty installation.
// Before it changes the tables of a file that has data already, it takes a
// snapshot beside it, named "<file>.before-<UTC time>".
func Open(ctx context.Context, o Options) (_ *DB, err error) {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("path of the database: %w", err)
	}
	if err := notLost(path); err != nil {
		return nil, err
	}
	if err := makeFile(path); err != nil {
		return nil, err
	}

	db := &DB{log: log}
	defer func() {
		if err != nil {
			for _, p := range db.pools {
				p.Close()
			}
		}
	}()
	writing, err := db.pool(path, 1, writerPragmas)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, writing, path, o.Migrations, log); err != nil {
		return nil, err
	}
	n := min(max(runtime.GOMAXPROCS(0), minReaders), maxReaders)
	reading, err := db.pool(path, n, readerPragmas)
	if err != nil {
		return nil, err
	}
	db.readers = newReaders(reading, n)
	if err = leaveMarker(path); err != nil {
		return nil, err
	}
	if db.writer, err = startWriter(ctx, writing, o.Metrics, log); err != nil {
		return nil, err
	}
	return db, nil
}

// makeFile makes the directory and an empty file, so that SQLite finds a file
// with the right mode and gives the same mode to those it puts beside it.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the database file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("look at the database file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		// Best effort: some mounts have no modes, and that is no reason to refuse.
		_ = f.Chmod(0o600)
	}
	return nil
}

// Settings of every connection. The caches are small, since there may be nine
// connections to each of three files in one process, and the system caches
// the file anyway. secure_delete=FAST overwrites what is deleted where that
// costs no extra write.
var (
	commonPragmas = []string{
		"busy_timeout(5000)",
		"foreign_keys(ON)",
		"journal_mode(WAL)",
		"journal_size_limit(16777216)",
		"secure_delete(FAST)",
		"synchronous(FULL)",
		"temp_store(MEMORY)",
		"trusted_schema(OFF)",
		"wal_autocheckpoint(1000)",
	}
	writerPragmas = url.Values{
		"_pragma": append([]string{"cache_size(-2048)"}, commonPragmas...),
		"_txlock": {"immediate"},
		"_dqs":    {"false"},
	}
	readerPragmas = url.Values{
		"_pragma":     append([]string{"cache_size(-1024)"}, commonPragmas...),
		"_query_only": {"true"},
		"_dqs":        {"false"},
	}
)

func (db *DB) pool(path string, size int, settings url.Values) (*sql.DB, error) {
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: settings.Encode()}
	connector, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	p := sql.OpenDB(connector)
	p.SetMaxOpenConns(size)
	p.SetMaxIdleConns(size)
	db.pools = append(db.pools, p)
	return p, nil
}

// View runs fn in a read-only transaction, which sees one state of the
// database from its first query on, and ends when ctx does. An error of fn is
// returned as it is; when the file can't be read the error is
// fault.Unavailable.
func (db *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	return db.readers.view(ctx, fn)
}

// Update runs fn in a transaction together with those of other callers, one
// after the other and in the order of their calls, and returns once the
// transaction is on disk.
//
// A function that returns an error or panics is undone alone and Update
// returns its error. When the transaction can't be stored nothing of it is,
// and the error is fault.Unavailable. A call whose ctx ends while it waits is
// not run; one that runs already is waited for, so that its result is always
// the true one. fn runs once at most, holds up every other writer, and must
// neither call Update nor end its goroutine (as t.FailNow does).
func (db *DB) Update(ctx context.Context, fn func(tx *Tx) error) error {
	return db.writer.update(ctx, fn)
}

// Stats reports what the writer has done since Open.
func (db *DB) Stats() Stats {
	w := db.writer
	return Stats{
		Commits:    w.commits.Load(),
		Functions:  w.functions.Load(),
		CommitTime: time.Duration(w.commitTime.Load()),
		Queue:      len(w.queue),
		Readers:    cap(db.readers.slots),
	}
}

// Close commits what waits, lets readers finish, folds the write-ahead log
// into the file and closes it. After it, View and Update answer
// fault.Unavailable.
func (db *DB) Close() error {
	db.closeOnce.Do(func() {
		db.writer.stop()
		db.readers.stop()
		err := db.writer.checkpoint()
		for _, p := range db.pools {
			err = errors.Join(err, p.Close())
		}
		db.closeErr = err
	})
	return db.closeErr
}

// readers lends connections to View. The one returned last is lent first, so
// that a quiet process needs, and warms, few of them.
type readers struct {
	pool   *sql.DB
	slots  chan struct{}
	closed atomic.Bool

	mu   sync.Mutex
	free []*session
}

func newReaders(pool *sql.DB, n int) *readers {
	return &readers{pool: pool, slots: make(chan struct{}, n)}
}

func (r *readers) view(ctx context.Context, fn func(tx *Tx) error) (err error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for a database reader: %w", ctx.Err())
	}
	defer func() { <-r.slots }()
	if r.closed.Load() {
		return errClosed()
	}
	s, err := r.take(ctx)
	if err != nil {
		return readFault(err)
	}
	// Nothing is locked yet, so that there is nothing to wait for.
	if err := s.run(context.Background(), begin); err != nil {
		s.discard()
		return readFault(fmt.Errorf("begin to read: %w", err))
	}
	tx := &Tx{ctx: ctx, s: s}
	defer func() {
		tx.finish(errFinished)
		if e := s.run(context.Background(), commit); e != nil {
			s.discard()
			return
		}
		s.trim()
		r.mu.Lock()
		r.free = append(r.free, s)
		r.mu.Unlock()
	}()
	return readFault(fn(tx))
}

func (r *readers) take(ctx context.Context) (*session, error) {
	r.mu.Lock()
	if n := len(r.free); n > 0 {
		s := r.free[n-1]
		r.free = r.free[:n-1]
		r.mu.Unlock()
		return s, nil
	}
	r.mu.Unlock()
	return openSession(ctx, r.pool)
}

// stop waits for every View that runs and closes the connections.
func (r *readers) stop() {
	r.closed.Store(true)
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	for range cap(r.slots) {
		<-r.slots
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.free {
		s.discard()
	}
	r.free = nil
}

func errClosed() error {
	return fault.New(fault.Unavailable, "The server is shutting down. Please try again.")
}
