package server

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// blindTime is how long the files may go without a look. They are asked for
// several times a second, so that whoever reads or compiles is stuck by then,
// as on a network share that does not answer.
const blindTime = 10 * time.Second

// policyAlarm is on while the policy files are not what is in force, and says
// why. Its zero value is off. All but sound may be called from anywhere.
type policyAlarm struct {
	about  atomic.Pointer[string]    // what is wrong, in short
	failed atomic.Uint64             // edits that did not load
	last   atomic.Pointer[time.Time] // look
}

// looked notes that the files were looked at.
func (a *policyAlarm) looked() {
	now := time.Now()
	a.last.Store(&now)
}

// note says what is wrong for whoever asks for health. It is empty if nothing is.
func (a *policyAlarm) note() string {
	if last := a.last.Load(); last != nil {
		if ago := time.Since(*last); ago > blindTime {
			return fmt.Sprintf("the files could not be looked at for %d s", int(ago.Seconds()))
		}
	}
	if about := a.about.Load(); about != nil {
		return *about
	}
	return ""
}

// stale tells whether the alarm is on.
func (a *policyAlarm) stale() bool { return a.note() != "" }

// end switches the alarm off and tells whether it was on.
func (a *policyAlarm) end() bool { return a.about.Swap(nil) != nil }

// sound says what is wrong with the files, once. The policy in force stays.
func (a *policyAlarm) sound(logger *slog.Logger, err error, inForce *authz.Policy) {
	const message = "the policy files do not load; the last good policy stays in force"
	about := briefly(err)
	a.about.Store(&about)
	a.failed.Add(1)
	logger = logger.With("policy_revision", inForce.Revision())
	var lint *authz.LintError
	var panicked *panicked
	switch {
	case errors.As(err, &lint):
		for _, finding := range lint.Findings {
			logger.Error(message, "finding", finding.String())
		}
	case errors.As(err, &panicked):
		logger.Error(message, "error", err, "panic", fmt.Sprint(panicked.cause), "stack", string(panicked.stack))
	default:
		logger.Error(message, "error", err)
	}
}

// briefly says what is wrong without a word of the files: of findings their
// number and the place of the first, and why if there was nothing to read.
func briefly(err error) string {
	var lint *authz.LintError
	if !errors.As(err, &lint) || len(lint.Findings) == 0 {
		return cmp.Or(err.Error(), "they do not load")
	}
	first := lint.Findings[0]
	place := first.File
	for _, n := range []int{first.Line, first.Column} {
		if n == 0 {
			break
		}
		place += fmt.Sprintf(":%d", n)
	}
	if strings.HasPrefix(first.Reason, reasonUnread) {
		place += ": " + first.Reason
	}
	return fmt.Sprintf("%s, the first at %s", plural(len(lint.Findings), "finding"), strings.ToValidUTF8(place, "?"))
}
