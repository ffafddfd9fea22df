package server

import (
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

// AuditFailure says what happens while the audit cannot be written.
type AuditFailure string

const (
	// AuditCount counts records that cannot be written as lost, sounds the alarm,
	// and goes on. It is the default.
	AuditCount AuditFailure = "count"
	// AuditRefuse has what is allowed wait until its record is written, and refuses
	// it with 503 (Service Unavailable) if that fails: nothing runs without a record.
	// Requests are let through again when the audit can be written again.
	AuditRefuse AuditFailure = "refuse"
)

const (
	// commitTime is how long a request waits for its record to be written.
	commitTime = 5 * time.Second
	// auditRetry is when a client may come back. Every second it is tried whether
	// the audit can be written again.
	auditRetry = 2 * time.Second

	reasonAuditUnavailable = "audit_unavailable"
)

// auditUnavailable answers what is allowed and cannot be recorded.
func auditUnavailable() *transport.Refusal {
	return &transport.Refusal{
		Status: 503, Code: 503, Message: "decisions cannot be recorded now", RetryAfter: auditRetry, Reason: reasonAuditUnavailable,
	}
}

// waiting is the wait for a page to be written.
type waiting struct {
	done chan struct{}
	// written is how many lines of the page were written. It is there once done
	// is closed.
	written int
}

// decided ends the wait for a page, of which so many lines were written.
func (p *page) decided(written int) {
	if p.waiting != nil {
		p.waiting.written = written
		close(p.waiting.done)
	}
}

// commit takes the record of what is about to run, and tells whether it may. If
// records are a condition it returns when the record is written: with all that came
// in the meantime by one write, so that waiting costs time and no throughput.
// While the sink fails it takes no record and returns false at once.
func (a *auditLog) commit(r *record) bool {
	if !a.strict {
		a.add(r)
		return true
	}
	if a.down.Load() {
		return false
	}
	a.mu.Lock()
	a.countLocked(r)
	kept := a.appendLocked(r)
	line := len(a.pending.marks)
	if a.pending.waiting == nil {
		a.pending.waiting = &waiting{done: make(chan struct{})}
	}
	mine := a.pending.waiting
	a.mu.Unlock()
	a.signal()
	return kept && a.await(mine) && line <= mine.written
}

// await waits until a page was written, and returns false if that takes too long.
func (a *auditLog) await(mine *waiting) bool {
	timer := time.NewTimer(commitTime)
	defer timer.Stop()
	select {
	case <-mine.done:
		return true
	case <-timer.C:
	}
	if a.down.CompareAndSwap(false, true) {
		a.logger.Error("the audit does not answer: requests are refused until it does")
	}
	return false
}

// settle records what was decided. What was allowed is refused after all if its
// record is a condition and cannot be written; nil lets it pass. The refusal is a
// decision of its own.
func (g *gate) settle(r *record) *transport.Refusal {
	if !r.allow {
		g.audit.add(r)
		return nil
	}
	if g.audit.commit(r) {
		return nil
	}
	why := auditUnavailable()
	r.allow, r.reason, r.rule, r.because = false, why.Reason, "", ""
	g.audit.add(r)
	return why
}
