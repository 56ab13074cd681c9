package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
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
}

func openSession(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("open a connection: %w", err)
	}
	return &session{conn: conn, statements: make(map[string]*sql.Stmt)}, nil
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

// trim drops the prepared statements when there are too many; call it between
// transactions.
func (s *session) trim() {
	if len(s.statements) <= maxStatements {
		return
	}
	for _, st := range s.statements {
		st.Close()
	}
	clear(s.statements)
}

// discard closes the connection for good instead of giving it back.
func (s *session) discard() {
	for _, st := range s.statements {
		st.Close()
	}
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}
