// Package e2e has the end-to-end tests: they start Decentra as a person would,
// all in one process and as five processes over a NATS server, and use it
// through its published port, with processes killed, links cut, frames dropped,
// nonsense sent and a stranger among the users.
//
// The programs are taken from the directory DECENTRA_BIN_DIR (default ../bin)
// and built when that lacks them. DECENTRA_KILLS is how many processes TestKill
// kills for each topology (default 20), DECENTRA_SEED repeats its choices.
package e2e
