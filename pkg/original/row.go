package original

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// row is one of a table, by the lower-case names of its columns. SQLite lets any
// column hold a value of any type.
type row map[string]any

// errEnough ends each without an error.
var errEnough = errors.New("enough")

// number is the hidden column with a row's place in its table.
const number = "row number"

// each calls fn for the rows of a table after a place, in the order in which they
// were written. A table that is missing has none.
func (d *Database) each(ctx context.Context, table string, after int64, fn func(row) error) error {
	if !d.tables[table] {
		return nil
	}
	rows, err := d.db.QueryContext(ctx,
		`SELECT rowid AS `+quote(number)+`, * FROM `+quote(table)+` WHERE rowid > $1 ORDER BY rowid`, after)
	if err != nil {
		return fmt.Errorf("read %s: %w", table, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("read %s: %w", table, err)
	}
	values, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return fmt.Errorf("read %s: %w", table, err)
		}
		r := make(row, len(columns))
		for i, column := range columns {
			r[strings.ToLower(column)] = values[i]
		}
		if err := fn(r); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %s: %w", table, err)
	}
	return nil
}

// text is the first of the columns that has a value, as valid UTF-8 without NUL.
func (r row) text(columns ...string) string {
	for _, column := range columns {
		var s string
		switch v := r[column].(type) {
		case nil:
			continue
		case string:
			s = v
		case []byte:
			s = string(v)
		case int64:
			s = strconv.FormatInt(v, 10)
		case time.Time: // the driver's reading of a column declared as a time
			s = v.Format("2006-01-02T15:04:05.999999999")
		default:
			s = fmt.Sprint(v)
		}
		return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	}
	return ""
}

// flag is a truth value.
func (r row) flag(column string) bool {
	switch strings.ToLower(r.text(column)) {
	case "", "0", "false", "f", "no":
		return false
	}
	return true
}

func (r row) place() int64 {
	n, _ := r[number].(int64) // rowid is an integer
	return n
}

// The forms of Python's isoformat and of SQLite's own times.
var layouts = []string{
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
}

// time reads a column; zero for what is no time.
func (r row) time(zone *time.Location, column string) time.Time {
	s := strings.TrimSpace(r.text(column))
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return plausible(t)
		}
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return plausible(t)
		}
	}
	return time.Time{}
}

// plausible drops what can't be a time of this program's: years that the clients'
// languages can't show.
func plausible(t time.Time) time.Time {
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC()
}
