//go:build lossy

package store

// lostEvery is which of the writer's transactions are lost: a single one may be of
// an edit that a deletion follows, and be missed by nobody.
const lostEvery = 50

// ending is the statement that ends a transaction of the writer. A build with the
// tag lossy undoes some and says that they are stored, for the test of the test that
// nothing is lost: it must notice.
func (w *writer) ending() string {
	if w.commits.Load()%lostEvery == lostEvery-1 {
		return rollback
	}
	return commit
}
