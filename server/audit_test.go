package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/authz"
)

// members of a record, in order. They are a contract.
var members = []string{
	"time", "request_id", "trace_id", "issuer", "subject", "client", "actor", "token_id", "method", "name",
	"decision", "door", "reason", "rule", "because", "policy_revision", "duration_us",
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestRecordHasExactlyItsMembers(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))
	full := record{
		time: at, requestID: "r", traceID: "t", method: "tools/call", name: "echo", allow: true, reason: "allowed",
		rule: "policy.csv:4", because: "user:s > role:r", revision: "abc", duration: 1500 * time.Microsecond,
		who: authz.Principal{Issuer: "https://i", Subject: "s", Client: "c", Actor: "a", TokenID: "j", GrantID: "g", Groups: []string{"x"}},
	}
	want := `{"time":"2026-01-02T02:04:05.000006Z","request_id":"r","trace_id":"t","issuer":"https://i","subject":"s","client":"c","actor":"a",` +
		`"token_id":"j","method":"tools/call","name":"echo","decision":"allow","door":0,"reason":"allowed","rule":"policy.csv:4",` +
		`"because":"user:s > role:r","policy_revision":"abc","duration_us":1500}` + "\n"
	if diff := cmp.Diff(want, string(full.appendLine(nil))); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	var empty map[string]any
	if err := json.Unmarshal((&record{}).appendLine(nil), &empty); err != nil {
		t.Fatal(err)
	}
	if len(empty) != len(members) {
		t.Errorf("an empty record has %d members, want %d", len(empty), len(members))
	}
	for _, name := range members {
		if _, ok := empty[name]; !ok {
			t.Errorf("an empty record lacks %s", name)
		}
	}
	if empty["decision"] != "deny" {
		t.Errorf("an empty record says %v, want deny", empty["decision"])
	}
}

func TestL02_NothingLeavesItsLine(t *testing.T) {
	hostile := []string{
		"a\r\nb", "\x1b[31mred", `","decision":"allow","x":"`, "\u2028\u2029\u0085", "\u202eevil", "\x00\x7f", "\xff\xfe", "\U0001f600", `back\slash`,
	}
	for _, text := range hostile {
		r := record{name: text, method: text, because: text, requestID: text, who: authz.Principal{Subject: text, Client: text, Issuer: text, Actor: text, TokenID: text}}
		line := string(r.appendLine(nil))
		for _, c := range line[:len(line)-1] {
			if c < ' ' || c > '~' {
				t.Fatalf("%q leaves %q in the line", text, c)
			}
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%q: %v in %s", text, err, line)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); text != "\xff\xfe" && got["name"] != want {
			t.Errorf("%q came back as %q", text, got["name"])
		}
		if got["decision"] != "deny" {
			t.Errorf("%q changed the decision to %v", text, got["decision"])
		}
	}
	long := record{name: strings.Repeat("é", 1<<20), because: strings.Repeat("é", 1<<20)}
	if line := long.appendLine(nil); len(line) > 4<<10 || strings.Count(string(line), `..."`) != 2 {
		t.Errorf("a name and a reason of 2 MB make a line of %d bytes, want a short one that says it was cut", len(line))
	}
}

// sink is a writer that can be told to fail.
type sink struct {
	mu    sync.Mutex
	text  strings.Builder
	take  int // bytes of the next write to take before failing; -1 is all
	cause error
}

func newSink() *sink { return &sink{take: -1} }

func (s *sink) fail(take int, cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take, s.cause = take, cause
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.take < 0 {
		return s.text.Write(p)
	}
	n := min(s.take, len(p))
	s.text.Write(p[:n])
	return n, s.cause
}

func (s *sink) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Split(strings.TrimSuffix(s.text.String(), "\n"), "\n")
}

func TestRecordsAreWrittenWithin300Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newSink()
		a := newAuditLog(out, quiet())
		done := make(chan struct{})
		go func() { defer close(done); a.run(t.Context()) }()
		for i := range 3 {
			a.add(&record{time: time.Now(), name: fmt.Sprint(i)})
			time.Sleep(300 * time.Millisecond) //nolint:forbidigo // the bubble's clock
			synctest.Wait()
			if got := len(out.lines()); got != i+1 {
				t.Fatalf("300 ms after record %d there are %d lines", i, got)
			}
		}
		before := a.counts()
		if before.Decisions != 3 || before.Records != 3 || before.Lost != 0 {
			t.Errorf("%+v, want 3 decisions, all of them records", before)
		}
	})
}

func TestAnonymousRefusalsAreAggregated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newSink()
		a := newAuditLog(out, quiet())
		go a.run(t.Context())
		refuse := func(address, reason string) {
			a.addAnonymous(&record{time: time.Now(), address: address, reason: reason, requestID: "one of many"})
		}
		for i := range 100 {
			refuse(fmt.Sprintf("192.0.2.1:%d", 1000+i), "token_missing")
		}
		refuse("192.0.2.1", "expired")
		refuse("192.0.2.2", "token_missing")
		refuse("2001:db8::1", "token_missing")
		refuse("[2001:db8::ffff:2]:99", "token_missing")
		time.Sleep(9 * time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if text := strings.Join(out.lines(), "\n"); text != "" {
			t.Errorf("before ten seconds are over there is %s", text)
		}
		time.Sleep(2500 * time.Millisecond) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		counts := map[string]float64{}
		for _, line := range out.lines() {
			var r map[string]any
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if r["decision"] != "deny" || r["request_id"] != "" {
				t.Errorf("an aggregate says %s", line)
			}
			counts[fmt.Sprint(r["address"], " ", r["reason"])] += r["count"].(float64)
		}
		want := map[string]float64{
			"192.0.2.1 token_missing": 100, "192.0.2.1 expired": 1, "192.0.2.2 token_missing": 1, "2001:db8::/64 token_missing": 2,
		}
		if diff := cmp.Diff(want, counts); diff != "" {
			t.Errorf("aggregates (-want +got):\n%s", diff)
		}
		if s := a.counts(); s.Decisions != 104 || s.Aggregated != 104 || s.Records != 0 || s.Lost != 0 {
			t.Errorf("%+v, want 104 decisions, all aggregated", s)
		}
	})
}

func TestAggregationIsBounded(t *testing.T) {
	out := newSink()
	a := newAuditLog(out, quiet())
	for i := range maxFoldWindows + 500 {
		a.addAnonymous(&record{address: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), reason: "token_missing"})
	}
	if n := len(a.fold.open); n != maxFoldWindows+1 {
		t.Errorf("%d windows are open, want %d and one for the rest", n, maxFoldWindows)
	}
	a.addAnonymous(&record{address: "no address", reason: "token_missing"})
	a.close()
	if s := a.counts(); s.Aggregated != maxFoldWindows+501 || s.Decisions != s.Aggregated {
		t.Errorf("%+v, want all of them counted", s)
	}
	if !strings.Contains(out.text.String(), `"address":"other","count":501`) {
		t.Error("the rest is not counted under other")
	}
}

func TestF13_AWriteThatFailsIsCountedAndHeard(t *testing.T) {
	var alarms strings.Builder
	out := newSink()
	a := newAuditLog(out, slog.New(slog.NewTextHandler(&alarms, nil)))
	add := func(name string) { a.add(&record{name: name}) }

	add("one")
	a.flush()
	length := len(out.text.String())
	add("two")
	add("three")
	add("four")
	a.addAnonymous(&record{address: "192.0.2.1", reason: "expired"})
	out.fail(length+20, errors.New("no space left on device")) // two whole, three half
	a.flush()
	add("five")
	out.fail(0, nil) // a short write without an error
	a.flush()
	if got := strings.Count(alarms.String(), "level=ERROR"); got != 1 {
		t.Errorf("%d alarms for one failure that lasts, want one:\n%s", got, &alarms)
	}
	out.fail(-1, nil)
	add("six")
	a.flush()
	a.close()
	add("seven")
	a.addAnonymous(&record{address: "192.0.2.1", reason: "expired"})

	s := a.counts()
	if want := (AuditStats{Decisions: 9, Records: 3, Aggregated: 1, Lost: 5, WriteErrors: 2}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	if s.Records+s.Aggregated+s.Lost != s.Decisions {
		t.Errorf("%+v does not add up", s)
	}
	if !strings.Contains(alarms.String(), "level=WARN") || !strings.Contains(alarms.String(), "lost=3") {
		t.Errorf("nobody hears that the audit works again, and what was lost:\n%s", &alarms)
	}
	var whole int
	for _, line := range out.lines() {
		if json.Valid([]byte(line)) {
			whole++
		}
	}
	if whole != 5 { // one, two, a note, six and the aggregate; the half line spoils none of them
		t.Errorf("%d whole lines, want 5:\n%s", whole, out.text.String())
	}
	if text := out.text.String(); strings.Count(text, `"decision":"","door":0,"reason":"records_lost"`) != 1 || !strings.Contains(text, `"lost":3}`) {
		t.Errorf("no line says that three were lost before six:\n%s", text)
	}
}

func TestRecordsOfAStuckSinkAreBounded(t *testing.T) {
	a := newAuditLog(io.Discard, quiet())
	for range 60_000 {
		a.add(&record{name: "x", method: "tools/call"})
	}
	if len(a.pending.text) > maxPending+4096 {
		t.Errorf("%d bytes wait, want at most %d", len(a.pending.text), maxPending)
	}
	a.close()
	if s := a.counts(); s.Lost == 0 || s.Records+s.Lost != s.Decisions {
		t.Errorf("%+v, want the rest to be lost and counted", s)
	}
}

func TestOpenSink(t *testing.T) {
	var stdout, stderr strings.Builder
	for destination, out := range map[string]*strings.Builder{"stdout": &stdout, "stderr": &stderr} {
		s, err := openSink(destination, &stdout, &stderr, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write([]byte(destination)); err != nil || s.Close() != nil || out.String() != destination {
			t.Errorf("%s went to %q", destination, out)
		}
	}
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for range 2 {
		s, err := openSink("file:"+path, nil, nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write([]byte("x\n")); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != 4 || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has %d bytes and mode %v, want 4 appended ones and 0600", info.Size(), info.Mode())
	}
	for _, bad := range []string{"", "file:", "syslog", "file:" + path + "/below"} {
		if _, err := openSink(bad, nil, nil, time.Now); err == nil {
			t.Errorf("%q was opened", bad)
		}
	}
}

// duringWrite is a sink that runs something while it is written to.
type duringWrite struct {
	io.Writer
	run func()
}

func (w *duringWrite) Write(p []byte) (int, error) {
	if run := w.run; run != nil {
		w.run = nil
		run()
	}
	return w.Writer.Write(p)
}

// TestAuditCountsWhatItWrote: records that come while others are written do
// not change how those are counted.
func TestAuditCountsWhatItWrote(t *testing.T) {
	busy := &duringWrite{Writer: io.Discard}
	log := newAuditLog(busy, quiet())
	for range 3 { // so that each buffer has been in use before
		log.add(&record{method: "before"})
		log.flush()
	}
	for range 5 {
		log.addAnonymous(&record{address: "192.0.2.1", reason: "no_token"})
	}
	log.sweep(time.Time{}.Add(foldWindowLength))
	busy.run = func() { log.add(&record{method: "during"}) }
	log.flush()
	if got, want := log.counts(), (AuditStats{Decisions: 9, Records: 3, Aggregated: 5}); got != want {
		t.Errorf("while one record waits: %+v, want %+v", got, want)
	}
	log.close()
	if got, want := log.counts(), (AuditStats{Decisions: 9, Records: 4, Aggregated: 5}); got != want {
		t.Errorf("at the end: %+v, want %+v", got, want)
	}
}
