package relay

import (
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// quiet gives pion/turn a logger that keeps what strangers can cause out of the
// log.
type quiet struct{ log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (q quiet) NewLogger(string) logging.LeveledLogger { return q }

// Trace implements logging.LeveledLogger, like the methods that follow.
func (quiet) Trace(string) {}

// Tracef drops.
func (quiet) Tracef(string, ...any) {}

// Debug drops.
func (quiet) Debug(string) {}

// Debugf drops.
func (quiet) Debugf(string, ...any) {}

// Info drops.
func (quiet) Info(string) {}

// Infof drops.
func (quiet) Infof(string, ...any) {}

// Warn is for those who look closely.
func (q quiet) Warn(message string) { q.log.Debug("turn", "message", message) }

// Warnf likewise.
func (q quiet) Warnf(format string, args ...any) { q.Warn(fmt.Sprintf(format, args...)) }

// Error likewise: a client that went in the middle of something is one.
func (q quiet) Error(message string) { q.Warn(message) }

// Errorf likewise.
func (q quiet) Errorf(format string, args ...any) { q.Warn(fmt.Sprintf(format, args...)) }
