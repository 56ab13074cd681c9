package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver
)

const (
	// scarce and empty are how much free disk is a warning, and a problem, in bytes.
	scarce = 2 << 30
	empty  = 200 << 20
)

func checkData(r *report, dir string) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.add(finding{warning, "data", dir + " is not there yet", "it is made at the first start; name the right one with --data"})
		return
	case err != nil:
		r.add(finding{problem, "data", err.Error(), "run the doctor as the user that Decentra runs as"})
		return
	case !info.IsDir():
		r.add(finding{problem, "data", dir + " is no directory", "name the right one with --data"})
		return
	}
	probe, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		r.add(finding{problem, "data", err.Error(), "give the directory to the user that Decentra runs as, or run the doctor as that one"})
	} else {
		_ = probe.Close()
		_ = os.Remove(probe.Name())
		r.ok("data", "%s can be written", dir)
	}
	free, ok := freeBytes(dir)
	switch {
	case !ok:
		return
	case free < empty:
		r.add(finding{problem, "disk", fmt.Sprintf("only %d MB are free", free>>20), "make room: when the disk is full no message is taken"})
	case free < scarce:
		r.add(finding{warning, "disk", fmt.Sprintf("only %d MB are free", free>>20), "make room before it is full"})
	default:
		r.ok("disk", "%d GB are free", free>>30)
	}
}

// databases are where they lie: in one directory, or in one of each service.
func databases(dir string) []string {
	var found []string
	for _, pattern := range []string{"*.db", "*/*.db"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is right
		found = append(found, files...)
	}
	return found
}

// checkDatabases reads every database through. One that is in use may be read.
func checkDatabases(ctx context.Context, r *report, dir string) {
	for _, file := range databases(dir) {
		name := filepath.Base(file)
		start := time.Now()
		err := quickCheck(ctx, file)
		if err != nil {
			r.add(finding{problem, name, err.Error(), "stop Decentra, keep a copy of the file, and restore the last backup (docs/operations.md)"})
			continue
		}
		size := int64(0)
		if info, err := os.Stat(file); err == nil {
			size = info.Size()
		}
		r.ok(name, "is sound (%.1f MB, read in %s)", float64(size)/(1<<20), time.Since(start).Round(time.Millisecond))
	}
}

func quickCheck(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	if verdict != "ok" {
		return errors.New("is damaged: " + verdict)
	}
	return nil
}

// checkClock finds a clock that is plainly wrong: messages carry its time.
func checkClock(r *report, dir string) {
	now := time.Now()
	for _, file := range databases(dir) {
		if info, err := os.Stat(file); err == nil && info.ModTime().After(now.Add(time.Minute)) {
			r.add(finding{problem, "clock", fmt.Sprintf("it is %s here, and %s was written at %s", now.Format(time.DateTime), filepath.Base(file), info.ModTime().Format(time.DateTime)),
				"set the clock, by NTP best"})
			return
		}
	}
	if synchronised, known := clockSynchronised(); known && !synchronised {
		r.add(finding{warning, "clock", "nothing keeps it right; it says " + now.Format(time.DateTime), "run an NTP client (systemd-timesyncd, chrony)"})
		return
	}
	r.ok("clock", "it says %s", now.Format("2006-01-02 15:04:05 MST"))
}
