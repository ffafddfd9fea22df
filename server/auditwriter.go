package server

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// flushDelay gathers the records of a busy moment into one write. It is
	// far below the 300 ms within which a record must be written.
	flushDelay = 50 * time.Millisecond
	// maxPending bounds the memory of records an unwilling sink does not take.
	maxPending = 8 << 20
)

// AuditStats counts what became of the decisions. When nothing is pending,
// Records plus Aggregated plus Lost equals Decisions.
type AuditStats struct {
	// Decisions is the number of decisions taken, refusals before a verified
	// token included.
	Decisions uint64
	// Records is the number of decisions written as a line of their own.
	Records uint64
	// Aggregated is the number of decisions written as part of the count of
	// an aggregated line.
	Aggregated uint64
	// Lost is the number of decisions that could not be written.
	Lost uint64
	// WriteErrors is the number of writes to the sink that failed.
	WriteErrors uint64
}

// auditLog takes records from any goroutine and writes them from one. Records
// are appended to a page that the writer swaps, so a decision never waits
// for a disk, unless it is to wait (auditcommit.go).
type auditLog struct {
	sink   io.Writer
	logger *slog.Logger
	now    func() time.Time
	wake   chan struct{}
	// renew, if not nil, looks before each write whether the sink is still the one
	// that was meant, and reports whether it is another one now.
	renew func() (bool, error)
	// strict has whoever runs something wait for the record (AuditRefuse).
	strict bool
	down   atomic.Bool // the sink fails, or does not answer

	writing sync.Mutex // held while the sink is written to

	mu      sync.Mutex // guards what follows
	pending *page
	closed  bool
	stats   AuditStats
	tally   tally
	fold    aggregator

	// Only with writing held.
	spare   *page
	out     page
	unended bool   // the sink does not end with the end of a line
	torn    []byte // what of a line it ends with, if that is not all of it
	failing bool   // the last write failed
	noted   uint64 // lost decisions of which a line says that they are
	chain   *chain // nil without one
}

func newAuditLog(sink io.Writer, logger *slog.Logger) *auditLog {
	return &auditLog{
		sink:    sink,
		logger:  logger,
		now:     time.Now,
		wake:    make(chan struct{}, 1),
		pending: &page{},
		spare:   &page{},
		tally:   newTally(),
		fold:    aggregator{open: map[foldKey]*foldWindow{}},
	}
}

// add takes one decision's record. It never blocks on the sink.
func (a *auditLog) add(r *record) {
	a.mu.Lock()
	a.countLocked(r)
	a.appendLocked(r)
	a.mu.Unlock()
	a.signal()
}

// addAnonymous takes a refusal that came before a verified token. It is
// counted at once and written with its aggregate.
func (a *auditLog) addAnonymous(r *record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.countLocked(r)
	if a.closed {
		a.stats.Lost++
		return
	}
	a.fold.add(r)
}

// countLocked counts one decision. Nothing else does: what is counted here is
// also written, aggregated or lost.
func (a *auditLog) countLocked(r *record) {
	a.stats.Decisions++
	a.tally.count(r)
}

// appendLocked appends a line to the pending page, or counts it as lost and
// returns false.
func (a *auditLog) appendLocked(r *record) bool {
	if a.closed || len(a.pending.text) > maxPending {
		a.stats.Lost += max(r.count, 1)
		return false
	}
	a.pending.text = r.appendLine(a.pending.text)
	if r.count > 0 {
		a.pending.end(lineAggregate, r.count)
	} else {
		a.pending.end(lineRecord, 1)
	}
	return true
}

func (a *auditLog) signal() {
	select {
	case a.wake <- struct{}{}:
	default: // the writer is already due
	}
}

// run writes records until ctx ends. close writes what is left.
func (a *auditLog) run(ctx context.Context) {
	sweep := time.NewTicker(time.Second)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			a.sweep(a.now())
			a.flush()
			a.tellHead(false)
		case <-a.wake:
			if !a.strict && !pause(ctx, flushDelay) {
				return
			}
			a.flush()
		}
	}
}

// pause waits for d, or reports false as soon as ctx ends.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// sweep turns the aggregation windows that are over at now into lines.
func (a *auditLog) sweep(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.fold.due(now) {
		a.appendLocked(r)
	}
}

// flush writes everything pending. One flush runs at a time, so lines keep
// the order in which their decisions were taken. After a failure it also writes
// that there was one, and so finds out whether it is over.
func (a *auditLog) flush() {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	p, lost := a.pending, a.stats.Lost
	a.pending = a.spare
	a.mu.Unlock()
	a.spare = p
	defer p.reset()
	if len(p.text) == 0 && lost == a.noted && !a.failing && !a.down.Load() {
		return
	}
	out, written, err := a.put(p, lost)
	a.account(out, written, lost, err)
	p.decided(out.whole(written) - out.notes)
}

// put hands a page to the sink, with what has to stand in front of it, and returns
// the lines as they were written and how many bytes of them were. If an earlier
// write stopped in the middle of a line, that line is ended first, so that it
// spoils no other.
func (a *auditLog) put(p *page, lost uint64) (*page, int, error) {
	if err := a.prepare(); err != nil {
		return p, 0, err
	}
	out := a.compose(p, lost)
	n, err := writeAll(a.sink, out.text)
	last := out.endOf(out.whole(n))
	a.unended = n > 0 && out.text[n-1] != '\n'
	a.torn = append(a.torn[:0], out.text[min(last, n):n]...)
	a.chain.advance(out.text[:last])
	return out, n, err
}

// prepare sees to it that the sink is the right one and ends with a whole line.
func (a *auditLog) prepare() error {
	if a.renew != nil {
		other, err := a.renew()
		if err != nil {
			return err
		}
		if other {
			a.unended = false
			a.chain.open()
		}
	}
	if !a.unended {
		return nil
	}
	n, err := writeAll(a.sink, []byte{'\n'})
	if n > 0 { // also if that was the last thing the sink took
		a.chain.ended(a.torn)
		a.unended = false
	}
	return err
}

// compose returns the lines of a page with the notes that are due in front of
// them, all of them chained if there is a chain.
func (a *auditLog) compose(p *page, lost uint64) *page {
	owed := lost - a.noted
	if a.chain == nil && owed == 0 && !a.failing {
		return p
	}
	a.out.reset()
	at := a.chain.place()
	if a.chain.opens() {
		a.out.note(appendOpened(nil, a.now(), at.Link), a.chain, &at)
	}
	if owed > 0 || a.failing {
		a.out.note(appendLost(nil, a.now(), owed), a.chain, &at)
	}
	start := 0
	for _, m := range p.marks {
		a.out.line(p.text[start:m.end-1], m, a.chain, &at)
		start = m.end
	}
	return &a.out
}

// writeAll writes p, and calls a write that took less of it a failure.
func writeAll(w io.Writer, p []byte) (int, error) {
	n, err := w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

// account counts what was written and what was lost, and sounds the alarm
// when the sink starts to fail and when it has recovered.
func (a *auditLog) account(out *page, written int, noted uint64, err error) {
	if out.notes > 0 && out.whole(written) >= out.notes {
		a.noted = noted
	}
	lost := a.count(out, written, err)
	failing := err != nil
	was := a.down.Swap(failing) || a.failing
	a.failing = failing
	switch {
	case failing && !was:
		a.logger.Error("audit records are being lost: the audit cannot be written", "error", err, "lost", lost)
	case was && !failing:
		a.logger.Warn("the audit is being written again", "lost", lost)
	}
}

// count adds one page to the counters and returns the number of decisions
// lost so far.
func (a *auditLog) count(out *page, written int, err error) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	whole := out.whole(written)
	for i, m := range out.marks {
		switch {
		case i >= whole:
			a.stats.Lost += m.decisions
		case m.kind == lineAggregate:
			a.stats.Aggregated += m.decisions
		default:
			a.stats.Records += m.decisions
		}
	}
	if err != nil {
		a.stats.WriteErrors++
	}
	return a.stats.Lost
}

// close writes everything that is pending or aggregated. Later records are
// counted as lost.
func (a *auditLog) close() {
	a.mu.Lock()
	for _, r := range a.fold.all() {
		a.appendLocked(r)
	}
	a.closed = true
	a.mu.Unlock()
	a.flush()
	a.tellHead(true)
}

// counts returns the counters as they are now.
func (a *auditLog) counts() AuditStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stats
}

// snapshot returns the counters with the decisions by reason, all as they were
// at one moment.
func (a *auditLog) snapshot() (AuditStats, tally) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stats, a.tally.clone()
}
