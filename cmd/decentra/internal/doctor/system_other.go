//go:build !linux

package doctor

// freeBytes is not known here.
func freeBytes(string) (uint64, bool) { return 0, false }

// clockSynchronised is not known here.
func clockSynchronised() (synchronised, known bool) { return false, false }
