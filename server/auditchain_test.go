package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/auditchain"
)

// verified fails the test unless the texts are files of one audit without a fault.
func verified(t *testing.T, texts ...string) []*auditchain.Report {
	t.Helper()
	v := auditchain.NewVerifier()
	var reports []*auditchain.Report
	for _, text := range texts {
		r, err := v.File("audit", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if r.Total > 0 {
			t.Errorf("faults: %+v\n%s", r.Faults, text)
		}
		reports = append(reports, r)
	}
	return reports
}

// TestL04_TheChainHoldsThroughFaults has writes fail at random places. What is on the sink is a chain, whatever happened, and its
// notes account for every decision that is not there.
func TestL04_TheChainHoldsThroughFaults(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for round := range 300 {
		out := newSink()
		a := newAuditLog(out, quiet())
		a.chain = newChain(auditchain.Place{}, time.Now())
		for range 1 + r.IntN(10) {
			for range r.IntN(4) {
				a.add(&record{time: time.Now(), name: "x", allow: true})
			}
			if r.IntN(2) == 0 {
				a.addAnonymous(&record{time: time.Now(), address: "192.0.2.1", reason: "expired"})
			}
			out.fail(-1, nil)
			if r.IntN(3) == 0 {
				out.fail(r.IntN(1500), errors.New("full"))
			}
			a.flush()
		}
		out.fail(-1, nil)
		a.close()
		a.flush()
		s := a.counts()
		if s.Decisions == 0 {
			continue
		}
		report := verified(t, out.text.String())[0]
		if report.Lost != s.Lost || report.Chains != 1 || report.Head != a.chain.at.Link.String() || s.Records+s.Aggregated+s.Lost != s.Decisions {
			t.Errorf("seed %d, round %d: %+v, %+v\n%s", seed, round, report, s, out.text.String())
		}
		if t.Failed() {
			return
		}
	}
}

// TestALineThatLacksItsEndIsThere: whatever is cut off, each decision is in the audit or in a note, and not in both.
func TestALineThatLacksItsEndIsThere(t *testing.T) {
	for _, chained := range []bool{false, true} {
		for cut := range 2500 {
			out := newSink()
			a := newAuditLog(out, quiet())
			if chained {
				a.chain = newChain(auditchain.Place{}, time.Now())
			}
			out.fail(0, errors.New("full"))
			a.writes("lost") // so that there is a note in front
			out.fail(cut, errors.New("full"))
			a.writes("one", "two")
			out.fail(-1, nil)
			a.writes("three")
			s := a.counts()
			var records, lost uint64
			for _, line := range out.lines() {
				var is struct {
					Decision string
					Lost     uint64
				}
				if json.Unmarshal([]byte(line), &is) != nil {
					continue // cut off
				}
				lost += is.Lost
				if is.Decision != "" {
					records++
				}
			}
			if lost != s.Lost || records != s.Records || records+lost != 4 {
				t.Fatalf("cut at %d: %d records and %d lost, %+v\n%s", cut, records, lost, s, out.text.String())
			}
			if chained {
				verified(t, out.text.String())
			}
		}
	}
}

// fileLog is a log with a chain in a file, as a server makes it.
func fileLog(t *testing.T, path string) *auditLog {
	t.Helper()
	s := &Server{cfg: Config{Audit: "file:" + path, AuditChain: On, Now: time.Now, Logger: quiet()}}
	wrong := &mistakes{}
	s.openAudit(wrong)
	if err := wrong.err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.sink.Close() })
	return s.audit
}

func (a *auditLog) writes(names ...string) {
	for _, name := range names {
		a.add(&record{time: time.Now(), name: name})
	}
	a.flush()
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestL04_ARestartGoesOnWithTheChain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	fileLog(t, path).writes("one", "two")
	fileLog(t, path).writes("three")
	appendFile(t, path, `{"time":"2026-`) // the process was killed at a write
	fileLog(t, path).writes("four")
	whole := readFile(t, path)
	writeFileText(t, path, strings.TrimSuffix(whole, "\n")) // or just before its end
	fileLog(t, path).writes("five")
	report := verified(t, readFile(t, path))[0]
	if report.Chains != 1 || report.Opened != 4 || report.Torn != 1 || report.Seq != 9 {
		t.Errorf("%+v", report)
	}
	// Without what was written in between, the file of the next process does not go on.
	lines := strings.SplitAfter(readFile(t, path), "\n")
	cut, err := auditchain.NewVerifier().File("audit", strings.NewReader(strings.Join(append(lines[:3:3], lines[5:]...), "")))
	if err != nil || cut.Total == 0 {
		t.Errorf("a whole run is gone, and there are %d faults, %v", cut.Total, err)
	}
}

func appendFile(t *testing.T, path, text string) {
	t.Helper()
	writeFileText(t, path, readFile(t, path)+text)
}

func writeFileText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestACrashSpoilsNoRecord: without a chain, too, the next process ends the line.
func TestACrashSpoilsNoRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	writeFileText(t, path, `{"time":"2026-`)
	s := &Server{cfg: Config{Audit: "file:" + path, Now: time.Now, Logger: quiet()}}
	s.openAudit(&mistakes{})
	s.audit.writes("one")
	_ = s.sink.Close()
	if text := readFile(t, path); !strings.HasPrefix(text, "{\"time\":\"2026-\n{\"time\"") {
		t.Errorf("the file begins with %.40q", text)
	}
}

func TestAFileWithLinesWithoutAChainIsToldOf(t *testing.T) {
	var log strings.Builder
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	writeFileText(t, path, "{}\n")
	s := &Server{cfg: Config{Audit: "file:" + path, AuditChain: On, Now: time.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))}}
	s.openAudit(&mistakes{})
	s.audit.writes("one")
	_ = s.sink.Close()
	if !strings.Contains(log.String(), "begin a new file") {
		t.Errorf("the log says %q", log.String())
	}
	report, err := auditchain.NewVerifier().File("audit", strings.NewReader(readFile(t, path)))
	if err != nil || report.Total != 1 || report.Faults[0].Kind != auditchain.KindNoChain {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	a := fileLog(t, path)
	a.writes("one", "two")
	old := path + ".1"
	if err := os.Rename(path, old); err != nil {
		t.Fatal(err)
	}
	a.writes("three")
	a.writes("four")
	reports := verified(t, readFile(t, old), readFile(t, path))
	if reports[1].Chains != 0 || reports[1].Continues != nil || reports[1].Seq != 6 {
		t.Errorf("%+v", reports[1])
	}
	if alone := verified(t, readFile(t, path))[0]; alone.Continues == nil || alone.Continues.Seq != 4 {
		t.Errorf("alone, the new file says %+v", alone)
	}
	// Somebody copies the file and empties it.
	first := readFile(t, path)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	a.writes("five")
	verified(t, readFile(t, old), first, readFile(t, path))
	if alone := verified(t, readFile(t, path))[0]; alone.Continues == nil {
		t.Errorf("alone, the file that was emptied says %+v", alone)
	}
	// Somebody removes it.
	second := readFile(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	a.writes("six")
	verified(t, readFile(t, old), first, second, readFile(t, path))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the new file: %v, %v", info, err)
	}
}

// TestRotation_WithoutANewFile: while there is none to be had, the old one is written to for a second, and then nothing is.
func TestRotation_WithoutANewFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "logs", "audit.jsonl")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		a := fileLog(t, path)
		a.writes("one")
		aside := filepath.Join(dir, "aside")
		if err := os.Rename(filepath.Dir(path), aside); err != nil {
			t.Fatal(err)
		}
		a.writes("two")
		waits(renewGrace)
		a.writes("three")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		a.writes("four")
		if s := a.counts(); s.Records != 3 || s.Lost != 1 {
			t.Errorf("%+v, want three records and one lost", s)
		}
		older, newer := readFile(t, filepath.Join(aside, "audit.jsonl")), readFile(t, path)
		verified(t, older, newer)
		if !strings.Contains(older, `"two"`) || !strings.Contains(newer, `"lost":1,"seq":5`) || !strings.Contains(newer, `"four"`) {
			t.Errorf("the old file holds\n%s\nthe new one\n%s", older, newer)
		}
	})
}

func TestTheLogTellsWhereTheChainStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newSink()
		a := newAuditLog(newSink(), slog.New(slog.NewTextHandler(log, nil)))
		a.chain = newChain(auditchain.Place{}, time.Now())
		go a.run(t.Context())
		told := func() int {
			a.writing.Lock()
			defer a.writing.Unlock()
			return strings.Count(strings.Join(log.lines(), "\n"), fmt.Sprintf("seq=%d head=%s", a.chain.at.Seq, a.chain.at.Link))
		}
		a.add(&record{})
		waits(headInterval - time.Second)
		if told() != 0 {
			t.Errorf("too early:\n%q", log.lines())
		}
		waits(time.Second)
		if told() != 1 {
			t.Errorf("after %v:\n%q", headInterval, log.lines())
		}
		waits(2 * headInterval)
		if len(log.lines()) != 1 {
			t.Errorf("nothing moved:\n%q", log.lines())
		}
		a.add(&record{})
		a.close()
		if told() != 1 {
			t.Errorf("at the end:\n%q", log.lines())
		}
	})
}
