// Package fault owns the coded error: the one error type that crosses a
// service's border. Its code is stable and meant for programs, its message is
// a sentence meant for the person who caused it.
package fault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Code classifies a failure. Codes travel over NATS, in `error` frames and in
// REST problems, and never change their meaning.
type Code string

// The codes.
const (
	Invalid          Code = "invalid"           // the request can't be right, whoever sends it
	Unauthenticated  Code = "unauthenticated"   // no session, or wrong name or password
	PermissionDenied Code = "permission_denied" // visible to the caller, but not theirs to do
	NotFound         Code = "not_found"         // not there, or not the caller's to know of
	Conflict         Code = "conflict"          // the state does not allow it: taken, used, already done
	RateLimited      Code = "rate_limited"      // too often; see Error.RetryAfter
	TooLarge         Code = "too_large"         // over a documented bound
	Unavailable      Code = "unavailable"       // a part of the installation does not answer; try again
	Internal         Code = "internal"          // our mistake; details are in the log alone
)

// Error is a coded error.
type Error struct {
	Code    Code
	Message string
	// RetryAfter says when trying again makes sense; set with RateLimited.
	RetryAfter time.Duration
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// New makes a coded error with a sentence for the user.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Limited makes a RateLimited error that asks for a pause.
func Limited(after time.Duration, format string, args ...any) *Error {
	return &Error{Code: RateLimited, Message: fmt.Sprintf(format, args...), RetryAfter: after}
}

// Of returns the coded error inside err. An error without a code becomes
// Unavailable when a deadline ran out, and Internal otherwise: its text stays
// in the process. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var coded *Error
	if errors.As(err, &coded) {
		return coded
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return New(Unavailable, "That took too long. Please try again.")
	}
	return New(Internal, "Something went wrong on the server.")
}

// Is reports whether err carries the code.
func Is(err error, code Code) bool {
	return err != nil && Of(err).Code == code
}

// Status is the HTTP status of a code (RFC 9110).
func (c Code) Status() int {
	switch c {
	case Invalid:
		return http.StatusBadRequest
	case Unauthenticated:
		return http.StatusUnauthorized
	case PermissionDenied:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case RateLimited:
		return http.StatusTooManyRequests
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
