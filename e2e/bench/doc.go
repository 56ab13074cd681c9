// Package bench measures Decentra from outside: a load generator speaks its
// protocol to the built programs, all in one and split, and for comparison to a
// bare relay that stores nothing and checks nothing. All run on loopback, one
// after the other, several times; the median counts.
//
// Every connection checks what it gets: a message that is lost, comes twice or out
// of order ends the run.
//
// It has parts, each a subtest that can be run alone: the talk in rooms of several
// sizes, floods, idle connections, restarts, pages, what growth costs, and profiles.
//
// DECENTRA_BENCH is the extent, short or long; without it the usual tests see that
// the tool itself works. What it measures it writes to docs/benchmarks.md.
package bench
