//go:build !lossy

package store

// ending is the statement that ends a transaction of the writer.
func (w *writer) ending() string { return commit }
