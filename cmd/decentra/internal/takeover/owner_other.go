//go:build !unix

package takeover

// giveToOwner has nothing to do where nobody takes another's place.
func giveToOwner(string) error { return nil }
