//go:build lossy

package store

// lostCommit is which of the writer's transactions is lost.
const lostCommit = 150

// ending is the statement that ends a transaction of the writer. A build with the
// tag lossy undoes one and says that it is stored, for the test of the test that
// nothing is lost: it must notice.
func (w *writer) ending() string {
	if w.commits.Load() == lostCommit {
		return rollback
	}
	return commit
}
