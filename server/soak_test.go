package server_test

import (
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/transport"
)

var callsFlag = flag.Int("calls", 2000, "how many requests the soak test sends")

const (
	soakers   = 12  // callers that send at the same time, four in each revision
	soakRound = 100 // requests of each between two edits of the policy
)

// soakPolicy has everybody in the same role; the greedy are for the limits. What "moves" may be called under every
// other revision.
const soakPolicy = `
p, role:worker, work, use, allow
p, role:worker, note/*, read, allow
p, role:admin, secret, use, allow
g, group:workers, role:worker
`

const soakMoves = soakPolicy + "p, role:worker, moves, use, allow\n"

// soak is one campaign: callers that send everything there is to send, faults included, and two oracles. What comes back
// belongs to who asked (M-31), and what is in the audit is what was decided, record by record and number by number
// (L-03). Between rounds nothing runs, and the policy changes.
type soak struct {
	*fixture
	kinds     []kind
	workers   []*soaker
	sink      *failingSink
	revisions []string // by the round
	bleeding  complaints
	handlers  *soakHandlers
}

// complaints keeps the first few things that went wrong.
type complaints struct {
	mu    sync.Mutex
	count int
	first []string
}

func (c *complaints) add(format string, a ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count++; len(c.first) < 10 {
		c.first = append(c.first, fmt.Sprintf(format, a...))
	}
}

func (c *complaints) report(t *testing.T, what string) {
	t.Helper()
	if c.count > 0 {
		t.Errorf("%s: %d, such as\n%v", what, c.count, c.first)
	}
}

func startSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{kinds: soakKinds(), sink: newFailingSink()}
	s.handlers = newSoakHandlers(&s.bleeding)
	s.fixture = start(t, withAdmin, often, s.handlers.declare, func(c *server.Config) {
		writeFile(t, c.Policy, soakPolicy)
		c.Audit, c.Stdout, c.Logger = "stdout", s.sink, slog.New(slog.DiscardHandler)
		plenty := transport.Rate{PerMinute: 1_000_000_000, Burst: 1_000_000}
		c.Quotas = transport.Quotas{
			Address: plenty, Principal: plenty, Client: plenty, Tool: plenty, Failures: transport.Rate{PerMinute: 60, Burst: 30},
			CallsPerPrincipal: soakPlaces, CallTime: 3 * time.Second,
		}
	})
	for i := range soakers {
		s.workers = append(s.workers, newSoaker(t, s, i))
	}
	return s
}

// TestM31_L03_F08_NothingBleedsNothingIsLost is the campaign. `make soak` sends a million.
func TestM31_L03_F08_NothingBleedsNothingIsLost(t *testing.T) {
	s := startSoak(t)
	began := time.Now()
	for round := 0; s.sent() < *callsFlag && !t.Failed() && s.bleeding.count == 0; round++ {
		s.newRound(t, round)
		if late, ok := t.Deadline(); ok && time.Until(late) < 2*time.Minute {
			t.Errorf("there was time for %d of %d requests", s.sent(), *callsFlag)
			break
		}
		var group sync.WaitGroup
		for _, w := range s.workers {
			group.Go(func() { w.round(t, round) })
		}
		group.Wait()
	}
	s.bleeding.report(t, "M-31: what is another's")
	s.settle(t)
	s.compare(t)
	t.Logf("M-31 L-03 -calls %d: %d requests in %d rounds and %v, by kind %v",
		*callsFlag, s.sent(), len(s.revisions), time.Since(began).Round(time.Second), s.shares())
}

// newRound replaces the policy and revokes a token, while nothing runs.
func (s *soak) newRound(t *testing.T, round int) {
	t.Helper()
	text := soakPolicy
	if moves(round) {
		text = soakMoves
	}
	if round > 0 {
		if err := s.replace(text); err != nil {
			t.Fatal(err)
		}
		s.workers[round%soakers].revoke(t)
	}
	s.revisions = append(s.revisions, s.Server.Server().PolicyRevision())
}

// moves tells whether the policy of a round permits "moves".
func moves(round int) bool { return round%2 == 1 }

func (s *soak) sent() int {
	n := 0
	for _, w := range s.workers {
		n += w.seq
	}
	return n
}

// decided are the decisions there must be, by outcome and reason.
func (s *soak) decided() map[string]float64 {
	sum := map[string]float64{}
	for _, w := range s.workers {
		for outcome, n := range w.decisions {
			sum[outcome] += n
		}
	}
	return sum
}

func (s *soak) shares() map[string]int {
	sum := map[string]int{}
	for _, w := range s.workers {
		for i, n := range w.kinds {
			sum[s.kinds[i].title] += n
		}
	}
	return sum
}

// settle waits until every request that was sent has been decided about, for some clients did not wait, and closes.
func (s *soak) settle(t *testing.T) {
	t.Helper()
	s.sink.mend()
	want := uint64(0)
	for _, n := range s.decided() {
		want += uint64(n)
	}
	tick, late := time.NewTicker(time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for s.Server.Server().AuditStats().Decisions < want {
		select {
		case <-tick.C:
		case <-late:
			t.Errorf("L-03: %d decisions after %d requests that are one", s.Server.Server().AuditStats().Decisions, want)
			return
		}
	}
	s.Server.Server().Close()
}

// compare holds the counters and the records to what was sent.
func (s *soak) compare(t *testing.T) {
	t.Helper()
	want := s.decided()
	series, _ := s.scrape(t)
	counted, sum := decided(series)
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("L-03: decisions (-sent +counted):\n%s", diff)
	}
	stats := s.Server.Server().AuditStats()
	if stats.Records+stats.Aggregated+stats.Lost != stats.Decisions || float64(stats.Decisions) != sum {
		t.Errorf("L-03: %+v does not add up to %v", stats, sum)
	}
	if stats.Lost == 0 || stats.WriteErrors == 0 || stats.Records == 0 || stats.Aggregated == 0 {
		t.Errorf("L-03: %+v: the faults did not happen", stats)
	}
	read := s.sink.check(s)
	read.wrong.report(t, "L-03: records that are wrong")
	if read.records != stats.Records || read.aggregated != stats.Aggregated {
		t.Errorf("L-03: the sink holds %d records and %d aggregated, the server says %+v", read.records, read.aggregated, stats)
	}
	if read.told != stats.Lost {
		t.Errorf("L-03: notes call %d decisions lost, the server %d", read.told, stats.Lost)
	}
	missing := 0.0
	for outcome, n := range want {
		if read.outcomes[outcome] > n {
			t.Errorf("L-03: %v records of %v decisions: %s", read.outcomes[outcome], n, outcome)
		}
		missing += n - read.outcomes[outcome]
	}
	for outcome := range maps.Keys(read.outcomes) {
		if want[outcome] == 0 {
			t.Errorf("L-03: nobody caused %s", outcome)
		}
	}
	if uint64(missing) != stats.Lost {
		t.Errorf("L-03: %v decisions have no record, and %d are said to be lost", missing, stats.Lost)
	}
	t.Logf("L-03 %+v", stats)
}

// token returns a token of a caller of the campaign.
func (s *soak) token(t *testing.T, caller servertest.Caller) string {
	t.Helper()
	return s.Token(t, caller, "work:use", "note:read", "secret:use", "moves:use")
}
