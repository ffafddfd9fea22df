package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// strictLog is a log whose records are a condition, with its writer.
func strictLog(t *testing.T, out io.Writer, logger *slog.Logger) *auditLog {
	a := newAuditLog(out, logger)
	a.strict = true
	go a.run(t.Context())
	return a
}

// waits waits in a bubble.
func waits(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock
	synctest.Wait()
}

func TestF13_NothingRunsWithoutItsRecord(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS, nil} { // nil is a short write
		synctest.Test(t, func(t *testing.T) {
			var alarms strings.Builder
			out := newSink()
			a := strictLog(t, out, slog.New(slog.NewTextHandler(&alarms, nil)))
			if !a.commit(&record{allow: true, name: "one"}) || !strings.Contains(out.text.String(), `"name":"one"`) {
				t.Fatal("a record that was written counts for nothing, or came back before it was")
			}
			out.fail(30, cause)
			if a.commit(&record{allow: true, name: "two"}) {
				t.Errorf("%v: half a record was enough", cause)
			}
			if a.commit(&record{allow: true, name: "three"}) {
				t.Errorf("%v: a record was written to a sink that fails", cause)
			}
			before := a.counts()
			if want := (AuditStats{Decisions: 2, Records: 1, Lost: 1, WriteErrors: 1}); before != want {
				t.Errorf("%v: %+v, want %+v", cause, before, want)
			}
			waits(3 * time.Second)
			if !a.down.Load() {
				t.Errorf("%v: the sink has recovered by itself", cause)
			}
			out.fail(-1, nil)
			waits(1100 * time.Millisecond) // nobody calls, and still it is noticed
			if a.down.Load() || !a.commit(&record{allow: true, name: "four"}) {
				t.Errorf("%v: the sink works, and calls are still refused", cause)
			}
			text := out.text.String()
			if !strings.Contains(text, `"lost":1}`) || strings.Contains(text, "three") || strings.Count(alarms.String(), "level=ERROR") != 1 ||
				strings.Count(alarms.String(), "level=WARN") != 1 {
				t.Errorf("%v: the audit says\n%s\nthe log says\n%s", cause, text, &alarms)
			}
		})
	}
}

// stuck is a sink that takes nothing until it is released.
type stuck struct {
	io.Writer
	release chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.release
	return s.Writer.Write(p)
}

func TestF13_ASinkThatDoesNotAnswerIsNotWaitedForWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var alarms strings.Builder
		out := newSink()
		held := &stuck{out, make(chan struct{})}
		a := strictLog(t, held, slog.New(slog.NewTextHandler(&alarms, nil)))
		begun := time.Now()
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				if a.commit(&record{allow: true, name: "waits"}) {
					t.Error("nothing was written, and it runs")
				}
			})
		}
		group.Wait()
		if took := time.Since(begun); took != commitTime {
			t.Errorf("it was given up after %v, want %v", took, commitTime)
		}
		if a.commit(&record{allow: true, name: "at once"}) || time.Since(begun) != commitTime {
			t.Error("once it is known, others wait too")
		}
		close(held.release)
		waits(time.Second)
		if a.down.Load() || !a.commit(&record{allow: true, name: "after"}) {
			t.Error("the sink answers again, and calls are still refused")
		}
		if s := a.counts(); s.Records != 6 || s.Decisions != 6 {
			t.Errorf("%+v, want 6 records: what was taken is written when the sink answers", s)
		}
		if strings.Count(alarms.String(), "does not answer") != 1 || strings.Count(alarms.String(), "written again") != 1 {
			t.Errorf("the log says\n%s", &alarms)
		}
	})
}

// TestF13_AnAlarmThatCameTooLateEnds: a wait may end as the write does, and sound the alarm over a
// sink that works. Nobody may come to a replica that is not ready, so it has to end by itself.
func TestF13_AnAlarmThatCameTooLateEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := strictLog(t, newSink(), quiet())
		if a.await(&waiting{done: make(chan struct{})}) || !a.down.Load() {
			t.Fatal("no alarm")
		}
		waits(1100 * time.Millisecond)
		if a.down.Load() {
			t.Error("the sink works and there is nothing to write, and calls are still refused")
		}
	})
}

// counting counts writes.
type counting struct {
	io.Writer
	writes int
}

func (c *counting) Write(p []byte) (int, error) { c.writes++; return c.Writer.Write(p) }

// TestRequestsThatWaitShareAWrite: what comes while the sink is written to is written together.
func TestRequestsThatWaitShareAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newSink()
		held := &stuck{out, make(chan struct{}, 10)}
		counts := &counting{Writer: held}
		a := strictLog(t, counts, quiet())
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				if !a.commit(&record{allow: true, name: fmt.Sprint(i)}) {
					t.Errorf("%d is refused", i)
				}
			})
			if i == 0 {
				synctest.Wait() // the first one is being written
			}
		}
		synctest.Wait()
		held.release <- struct{}{}
		held.release <- struct{}{}
		group.Wait()
		if counts.writes != 2 || len(out.lines()) != 50 {
			t.Errorf("%d lines in %d writes, want 50 in 2", len(out.lines()), counts.writes)
		}
	})
}

func TestCommit_AfterTheEndAndWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuditLog(newSink(), quiet())
		a.strict = true
		a.close()
		if a.commit(&record{allow: true}) {
			t.Error("after its end the audit takes a record")
		}
		full := newAuditLog(newSink(), quiet())
		full.strict = true
		for len(full.pending.text) <= maxPending {
			full.add(&record{})
		}
		if full.commit(&record{allow: true}) {
			t.Error("without room the audit takes a record")
		}
		go full.run(t.Context())
		waits(time.Second)
		if !full.commit(&record{allow: true}) {
			t.Error("with room again, it does not")
		}
		if s := full.counts(); s.Lost != 1 || s.Records+s.Lost != s.Decisions {
			t.Errorf("%+v", s)
		}
	})
}

// TestSettle asks the one place where a decision and its record come together.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newSink()
		g := &gate{audit: strictLog(t, out, quiet())}
		allowed := func() *record {
			return &record{allow: true, name: "x", reason: "allowed", rule: "policy.csv:1", because: "why"}
		}
		if why := g.settle(allowed()); why != nil {
			t.Errorf("a record that was written: %+v", why)
		}
		out.fail(0, errors.New("full"))
		for range 2 { // the one that finds out, and one that comes later
			why := g.settle(allowed())
			if why == nil || why.Status != 503 || why.RetryAfter < time.Second || why.Reason != "audit_unavailable" || why.Challenge != nil {
				t.Errorf("a record that was not written: %+v", why)
			}
		}
		if why := g.settle(&record{reason: "scope_missing"}); why != nil {
			t.Errorf("what is denied anyway is answered with %+v", why)
		}
		waits(time.Second)
		g.audit.strict = false
		if why := g.settle(allowed()); why != nil {
			t.Errorf("where records are no condition: %+v", why)
		}
		waits(time.Second)
		stats, outcomes := g.audit.snapshot()
		if want := (AuditStats{Decisions: 6, Records: 1, Lost: 5, WriteErrors: stats.WriteErrors}); stats != want {
			t.Errorf("%+v, want %+v", stats, want)
		}
		got := map[outcomeKey]uint64{}
		for key, n := range outcomes {
			if n > 0 {
				got[key] = n
			}
		}
		want := map[outcomeKey]uint64{{true, "allowed"}: 3, {false, "audit_unavailable"}: 2, {false, "scope_missing"}: 1}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcomeKey{})); diff != "" {
			t.Errorf("decisions (-want +got):\n%s", diff)
		}
	})
}
