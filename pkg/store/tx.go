package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// Tx is the transaction given to the function of a View or an Update. It is
// valid until that function returns, for one goroutine at a time. Statements are
// prepared once per connection and found again by their text, so keep the
// text constant and pass values as $1, $2 …; and read the rows of a query to
// the end, or close them, before running the same text again.
type Tx struct {
	ctx   context.Context
	s     *session
	write bool
	rows  []*sql.Rows
	after []func()
	err   error // why no statement may run any more; nil: it may
}

var (
	errFinished = errors.New("store: a transaction was used after its function had returned")
	errReadOnly = errors.New("store: Exec in a View")
)

// Exec runs a statement that returns no rows. It fails in a View.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	if !tx.write {
		return nil, errReadOnly
	}
	st, err := tx.prepare(query)
	if err != nil {
		return nil, err
	}
	res, err := st.ExecContext(tx.ctx, args...)
	tx.note(err)
	return res, err
}

// Query runs a statement that returns rows. Rows left open are closed when the
// function returns.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	st, err := tx.prepare(query)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(tx.ctx, args...)
	if err != nil {
		tx.note(err)
		return nil, err
	}
	tx.rows = append(tx.rows, rows)
	return rows, nil
}

// QueryRow runs a statement that returns at most one row. Its Scan must be
// called.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	st, err := tx.prepare(query)
	if err != nil {
		// A Row can't be made with an error of ours. The driver gives the same
		// one for text it can't prepare; for a transaction that is over, an
		// ended context keeps the statement from running.
		ctx := tx.ctx
		if tx.err != nil {
			ended, cancel := context.WithCancelCause(context.Background())
			cancel(tx.err)
			ctx = ended
		}
		return tx.s.conn.QueryRowContext(ctx, query, args...)
	}
	row := st.QueryRowContext(tx.ctx, args...)
	tx.note(row.Err())
	return row
}

// Each runs a statement and calls fn with the values of every row: an int64, a
// float64, a string, a []byte or nil each, and the slice is good until fn returns.
// For many rows it costs half of what Query does. It ends with an error of fn, which
// runs no statement.
func (tx *Tx) Each(fn func(row []driver.Value) error, query string, args ...driver.Value) error {
	if tx.err != nil {
		return tx.err
	}
	named := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	err := tx.s.each(tx.ctx, query, named, fn)
	tx.note(err)
	return err
}

// AfterCommit has fn called once the transaction is on disk, before Update
// returns. The functions of all transactions are called in the order of the
// commits, on the writer's goroutine: they must not block. Nothing is called
// when the function fails or the commit does. It panics in a View.
func (tx *Tx) AfterCommit(fn func()) {
	if !tx.write {
		panic("store: AfterCommit in a View")
	}
	tx.after = append(tx.after, fn)
}

func (tx *Tx) prepare(query string) (*sql.Stmt, error) {
	if tx.err != nil {
		return nil, tx.err
	}
	st, err := tx.s.prepare(query)
	tx.note(err)
	return st, err
}

// note remembers an error after which SQLite may have rolled the transaction
// back by itself: any further statement would be outside of it.
func (tx *Tx) note(err error) {
	if err != nil && tx.err == nil && breaks(err) {
		tx.err = err
	}
}

// finish closes what the function left open and makes the Tx useless.
func (tx *Tx) finish(reason error) {
	for _, r := range tx.rows {
		r.Close()
	}
	tx.rows = nil
	if tx.err == nil {
		tx.err = reason
	}
}
