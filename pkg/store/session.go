package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
)

// The statements around transactions.
const (
	begin          = "BEGIN"
	beginImmediate = "BEGIN IMMEDIATE"
	commit         = "COMMIT"
	rollback       = "ROLLBACK"
	savepoint      = "SAVEPOINT fn"
	release        = "RELEASE fn"
	rollbackTo     = "ROLLBACK TO fn"
)

// maxStatements bounds how many statements a connection keeps prepared. Fixed
// queries stay far below; only query text made at run time gets there.
const maxStatements = 256

// session is one connection with its prepared statements. One goroutine uses
// it at a time.
type session struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	bare       map[string]driver.Stmt // those of each
}

func openSession(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("open a connection: %w", err)
	}
	return &session{conn: conn, statements: make(map[string]*sql.Stmt), bare: make(map[string]driver.Stmt)}, nil
}

func (s *session) prepare(query string) (*sql.Stmt, error) {
	if st, ok := s.statements[query]; ok {
		return st, nil
	}
	// A prepared statement outlives the call, so the call's context has no say.
	st, err := s.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	s.statements[query] = st
	return st, nil
}

func (s *session) run(ctx context.Context, query string) error {
	st, err := s.prepare(query)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx)
	return err
}

// each is Tx.Each.
func (s *session) each(ctx context.Context, query string, args []driver.NamedValue, fn func(row []driver.Value) error) error {
	var panicked any
	err := s.conn.Raw(func(conn any) (err error) {
		st, ok := s.bare[query]
		if !ok {
			if st, err = conn.(driver.Conn).Prepare(query); err != nil {
				return fmt.Errorf("prepare: %w", err)
			}
			s.bare[query] = st
		}
		// The driver watches a context that can end, at a cost, and not between rows.
		rows, err := st.(driver.StmtQueryContext).QueryContext(context.WithoutCancel(ctx), args)
		if err != nil {
			return err
		}
		defer func() {
			panicked = recover() // here it would cost the connection
			err = cmp.Or(err, rows.Close())
		}()
		for row := make([]driver.Value, len(rows.Columns())); ; {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := rows.Next(row); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if err := fn(row); err != nil {
				return err
			}
		}
	})
	if panicked != nil {
		panic(panicked)
	}
	return err
}

// trim drops the prepared statements when there are too many; call it between
// transactions.
func (s *session) trim() {
	if len(s.statements)+len(s.bare) > maxStatements {
		s.forget()
	}
}

func (s *session) forget() {
	for _, st := range s.statements {
		st.Close()
	}
	// Not those of a connection that is closed already, which the driver can't bear.
	_ = s.conn.Raw(func(any) error {
		for _, st := range s.bare {
			st.Close()
		}
		return nil
	})
	clear(s.statements)
	clear(s.bare)
}

// discard closes the connection for good instead of giving it back.
func (s *session) discard() {
	s.forget()
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}
