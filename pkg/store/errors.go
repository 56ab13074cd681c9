package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"decentra.local/pkg/fault"
)

// IsUnique reports whether err is the violation of a UNIQUE or PRIMARY KEY
// constraint.
func IsUnique(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return true
	}
	return false
}

// code is SQLite's extended result code, 0 for other errors.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// breaks reports whether SQLite may end the whole transaction with this error
// (sqlite.org/lang_transaction.html, "Response To Errors Within A
// Transaction"), or whether nothing sensible can follow it.
func breaks(err error) bool {
	switch code(err) & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return passing(err)
}

// passing reports whether the error is the machine's (disk, memory, locks) and
// may be gone at the next attempt.
func passing(err error) bool {
	switch code(err) & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY,
		sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL:
		return true
	}
	return false
}

func readFault(err error) error {
	if err == nil || !passing(err) {
		return err
	}
	return fmt.Errorf("%w (%w)", fault.New(fault.Unavailable, "The server could not read its data. Please try again."), err)
}

func writeFault(err error) error {
	if err == nil || !passing(err) {
		return err
	}
	return fmt.Errorf("%w (%w)", fault.New(fault.Unavailable, "The server could not store this. Please try again."), err)
}
