package bodyfuzz

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

var (
	casesFlag = flag.Int("cases", 3000, "how many requests are sent")
	firstFlag = flag.Int("first", 0, "the number of the first one")
	seedFlag  = flag.Uint64("seed", 0, "seed of the requests; 0 draws one, which is printed")
)

// batch is how many requests are sent before they are judged.
const batch = 5000

// TestR34_WhatWasAuthorizedIsWhatRuns sends bent requests and compares what ran, at most once for each, with what was
// recorded, permitted and asked for. Tools, resources, prompts and completions are reached in every way there is (M-07).
func TestR34_WhatWasAuthorizedIsWhatRuns(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d, %d requests from number %d on", seed, *casesFlag, *firstFlag)
	f := &fuzz{site: newSite(t), seed: seed, count: newTally()}
	end := *firstFlag + *casesFlag
	for n := *firstFlag; n < end && !t.Failed(); n += batch {
		var posts []*post
		for i := n; i < min(n+batch, end); i++ {
			posts = append(posts, build(f.site, seed, i, plan(seed, i, len(f.bends))))
		}
		for _, o := range f.send(t, posts) {
			f.count.add(o)
			if err := f.judge(o); err != nil {
				f.report(t, o, err)
				break
			}
		}
	}
	f.count.report(t)
	f.count.check(t, f.bends)
}

type fuzz struct {
	*site
	seed  uint64
	count *tally
}

// send sends requests over a few connections, several at a time on each, and returns what became of them.
func (f *fuzz) send(t *testing.T, posts []*post) []outcome {
	t.Helper()
	outcomes := make([]outcome, len(posts))
	byTrace := map[string]*outcome{}
	for i, p := range posts {
		outcomes[i].post = p
		byTrace[p.trace] = &outcomes[i]
	}
	lines := make(chan []outcome, 64)
	var workers sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			w := &wire{site: f.site}
			defer w.close()
			for line := range lines {
				var sent []*post
				for _, o := range line {
					sent = append(sent, o.post)
				}
				answers, err := w.pipeline(sent)
				if err != nil {
					t.Errorf("seed %d: %v", f.seed, err)
				}
				for i, a := range answers {
					line[i].answer = a
				}
			}
		})
	}
	for rest := outcomes; len(rest) > 0; {
		size := min(len(rest), 1+rest[0].n%8)
		lines <- rest[:size]
		rest = rest[size:]
	}
	close(lines)
	workers.Wait()
	ran, records := f.take(t, f.Server.Server())
	for trace, all := range ran {
		if byTrace[trace] == nil {
			t.Fatalf("seed %d: something ran that no request of this batch asked for: %q %+v", f.seed, trace, all)
		}
		byTrace[trace].ran = all
	}
	for trace, all := range records {
		if o := byTrace[trace]; o != nil {
			o.records = all
		}
	}
	return outcomes
}

// report prints a request that went wrong with as few of its bends as it takes.
func (f *fuzz) report(t *testing.T, o outcome, err error) {
	t.Helper()
	for smaller := true; smaller; {
		smaller = false
		for i := range o.plan {
			fewer := slices.Delete(slices.Clone(o.plan), i, i+1)
			again := f.send(t, []*post{build(f.site, f.seed, o.n, fewer)})[0]
			if worse := f.judge(again); worse != nil {
				o, err, smaller = again, worse, true
				break
			}
		}
	}
	var head strings.Builder
	for _, h := range o.headers {
		fmt.Fprintf(&head, "  %s: %s\n", h.name, h.value)
	}
	t.Errorf("seed %d, request %d of revision %s by %s through %s, bent by %q:\n%v\n%s  %q\nanswer %d %s\nran %+v\nrecorded %+v",
		f.seed, o.n, eras()[o.era], f.callers[o.who].subject, f.callers[o.who].client, o.bends, err, head.String(), o.post.body,
		o.status, o.answer.body, o.ran, o.records)
}

// tally counts what came out.
type tally struct {
	sent, ran, unanswered int
	bends, alone          map[string]int
	harmless              map[string]int // ran although bent
	eras                  [3]int         // ran
	reasons               map[string]int
	methods               map[string]int // ran
}

func newTally() *tally {
	return &tally{bends: map[string]int{}, alone: map[string]int{}, harmless: map[string]int{}, reasons: map[string]int{}, methods: map[string]int{}}
}

func (c *tally) add(o outcome) {
	c.sent++
	if o.status == 0 {
		c.unanswered++
	}
	for _, name := range o.bends {
		c.bends[name]++
	}
	if len(o.bends) == 1 {
		c.alone[o.bends[0]]++
	}
	for _, r := range o.records {
		c.reasons[r.Reason]++
	}
	if len(o.ran) == 0 {
		return
	}
	c.ran++
	c.eras[o.era]++
	c.methods[o.ran[0].method]++
	for _, name := range o.bends {
		c.harmless[name]++
	}
}

func (c *tally) report(t *testing.T) {
	t.Helper()
	t.Logf("%d sent, %d ran (%v by revision), %d without an answer", c.sent, c.ran, c.eras, c.unanswered)
	t.Logf("ran: %s", listed(c.methods))
	t.Logf("recorded: %s", listed(c.reasons))
	t.Logf("bends: %s", listed(c.bends))
	t.Logf("ran although bent: %s", listed(c.harmless))
}

func listed(counts map[string]int) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(list, ", ")
}

// check fails if the requests were too narrow for the comparison to say anything.
func (c *tally) check(t *testing.T, all []bend) {
	t.Helper()
	if c.sent < 3000 {
		return
	}
	if c.ran < c.sent/5 {
		t.Errorf("only %d of %d requests ran", c.ran, c.sent)
	}
	for era, n := range c.eras {
		if n < c.sent/20 {
			t.Errorf("only %d requests of revision %s ran", n, eras()[era])
		}
	}
	for _, b := range all {
		if c.alone[b.name] == 0 {
			t.Errorf("no request was bent by this alone: %s", b.name)
		}
	}
	for _, method := range []string{"tools/call", "resources/read", "prompts/get", "completion/complete"} {
		if c.methods[method] == 0 {
			t.Errorf("%s never ran", method)
		}
	}
	for _, reason := range []string{"malformed_message", "header_mismatch", "scope_missing", "permission_missing", "client_denied", "session_unknown"} {
		if c.reasons[reason] == 0 {
			t.Errorf("nothing was refused for: %s", reason)
		}
	}
	if c.sent >= 20_000 && c.reasons["request_state"] == 0 { // rare
		t.Error("no state was refused")
	}
}
