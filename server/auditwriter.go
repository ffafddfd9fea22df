package server

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
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

// mark is where a line of the pending buffer ends, and how many decisions it
// stands for. A weight of zero is a line of one decision's own.
type mark struct {
	end    int
	weight uint64
}

// auditLog takes records from any goroutine and writes them from one. Records
// are appended to a buffer that the writer swaps, so a decision never waits
// for a disk.
type auditLog struct {
	sink   io.Writer
	logger *slog.Logger
	wake   chan struct{}

	writing sync.Mutex // held while the sink is written to

	mu      sync.Mutex // guards what follows
	pending []byte
	marks   []mark
	closed  bool
	stats   AuditStats
	tally   tally
	fold    aggregator

	// Only with writing held.
	spare   []byte
	spent   []mark
	broken  bool // the sink ends in the middle of a line
	failing bool // the last write failed
}

func newAuditLog(sink io.Writer, logger *slog.Logger) *auditLog {
	return &auditLog{
		sink:   sink,
		logger: logger,
		wake:   make(chan struct{}, 1),
		tally:  newTally(),
		fold:   aggregator{open: map[foldKey]*foldWindow{}},
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

// appendLocked appends a line to the pending buffer or counts it as lost.
func (a *auditLog) appendLocked(r *record) {
	if a.closed || len(a.pending) > maxPending {
		a.stats.Lost += max(r.count, 1)
		return
	}
	a.pending = r.appendLine(a.pending)
	a.marks = append(a.marks, mark{end: len(a.pending), weight: r.count})
}

func (a *auditLog) signal() {
	select {
	case a.wake <- struct{}{}:
	default: // the writer is already due
	}
}

// run writes records until ctx ends. close writes what is left.
func (a *auditLog) run(ctx context.Context, now func() time.Time) {
	sweep := time.NewTicker(time.Second)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			a.sweep(now())
			a.flush()
		case <-a.wake:
			if !pause(ctx, flushDelay) {
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
// the order in which their decisions were taken.
func (a *auditLog) flush() {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	batch, marks := a.pending, a.marks
	a.pending, a.marks = a.spare[:0], a.spent[:0]
	a.mu.Unlock()
	a.spare, a.spent = batch, marks
	if len(batch) == 0 {
		return
	}
	written, err := a.write(batch)
	a.account(marks, written, err)
}

// write hands batch to the sink. If an earlier write stopped in the middle of
// a line, that line is ended first, so that it spoils no other.
func (a *auditLog) write(batch []byte) (int, error) {
	if a.broken {
		if _, err := writeAll(a.sink, []byte{'\n'}); err != nil {
			return 0, err
		}
		a.broken = false
	}
	n, err := writeAll(a.sink, batch)
	a.broken = n > 0 && !bytes.HasSuffix(batch[:n], []byte{'\n'})
	return n, err
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
func (a *auditLog) account(marks []mark, written int, err error) {
	lost := a.count(marks, written, err)
	failing := err != nil
	if failing == a.failing {
		return
	}
	a.failing = failing
	if failing {
		a.logger.Error("audit records are being lost: the audit cannot be written", "error", err, "lost", lost)
		return
	}
	a.logger.Warn("the audit is being written again", "lost", lost)
}

// count adds one batch to the counters and returns the number of decisions
// lost so far.
func (a *auditLog) count(marks []mark, written int, err error) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range marks {
		switch {
		case m.end > written:
			a.stats.Lost += max(m.weight, 1)
		case m.weight > 0:
			a.stats.Aggregated += m.weight
		default:
			a.stats.Records++
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
