package tokendiff

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sallyport-mcp/sallyport/transport/token"
)

var (
	casesFlag = flag.Int("cases", 3000, "how many bent tokens the differential test judges")
	seedFlag  = flag.Uint64("seed", 0, "seed of the random tests; 0 draws one, which is printed")
)

// tally counts what came out.
type tally struct {
	mu        sync.Mutex
	accepted  int                       // by all three
	mutations map[string]int            // by mutation
	refused   map[string]int            // by reason
	stricter  map[string]map[string]int // refused here and accepted by another: by the other and by reason
	ruled     map[string]int            // accepted here and refused by another: by rule
}

// TestDifferential asks the verifier, golang-jwt and jwx about the same bent tokens. With the same seed and number of cases
// every token is the same again, keys and signatures included.
func TestDifferential(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d, %d cases", seed, *casesFlag)
	cryptotest.SetGlobalRandom(t, seed)
	s := newSite(t)
	g := newGenerator(rand.New(rand.NewPCG(seed, 0)), s)
	for _, good := range g.goods {
		if _, reason := s.verify(good.raw); reason != "" || s.golang(good.raw) != nil || s.jwx(good.raw) != nil {
			t.Fatalf("a good token is refused: %q, %v, %v\n%s\n%s", reason, s.golang(good.raw), s.jwx(good.raw), good.header, good.claims)
		}
	}
	count := &tally{mutations: map[string]int{}, refused: map[string]int{}, ruled: map[string]int{}, stricter: map[string]map[string]int{"golang-jwt": {}, "jwx": {}}}
	// One goroutine makes the tokens, so that they are the same again; the others judge them.
	samples := make(chan sample, 64)
	var judges sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		judges.Go(func() {
			for c := range samples {
				if err := s.judge(g.inputs, count, c); err != nil {
					t.Errorf("seed %d, case %d, %s: %v\nfrom %s\nto   %s", seed, c.n, c.mutation, err, c.from.raw, c.raw)
				}
			}
		})
	}
	for n := range *casesFlag {
		samples <- g.sample(n)
	}
	close(samples)
	judges.Wait()
	count.report(t)
	count.check(t, g.mutations)
}

// judge compares the answers about one token.
func (s *site) judge(good map[string]bool, count *tally, c sample) error {
	who, reason := s.verify(c.raw)
	others := map[string]error{"golang-jwt": s.golang(c.raw), "jwx": s.jwx(c.raw)}
	count.mu.Lock()
	defer count.mu.Unlock()
	count.mutations[c.mutation]++
	if reason != "" {
		count.refused[reason]++
		for by, err := range others {
			if err == nil {
				count.stricter[by][reason]++
			}
		}
		return nil
	}
	if input := inputOf(c.raw); !good[input] && !slices.Contains(c.signed, input) {
		return fmt.Errorf("accepted what nobody signed: %+v", who)
	}
	parts := strings.Split(c.raw, ".")
	header, claims := decoded(parts[0]), decoded(parts[1])
	want, err := explain(claims)
	if err != nil {
		return fmt.Errorf("accepted without a reading of its claims: %w", err)
	}
	if diff := cmp.Diff(want, who, cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("the principal is not what the claims say (-claims +principal):\n%s", diff)
	}
	return count.compare(others, refusal{text: string(header), header: readObject(header), claims: readObject(claims)})
}

// compare looks for a rule for each of the others that refuses what is accepted here.
func (c *tally) compare(others map[string]error, r refusal) error {
	agreed := true
	for by, err := range others {
		if err == nil {
			continue
		}
		agreed = false
		r.by, r.why = by, err
		at := slices.IndexFunc(rules(), func(rule rule) bool { return rule.fits(r) })
		if at < 0 {
			return fmt.Errorf("accepted, but %s refuses it: %w\n%s\n%v", by, err, r.text, r.claims)
		}
		c.ruled[by+": "+rules()[at].name]++
	}
	if agreed {
		c.accepted++
	}
	return nil
}

// readObject reads an object that was accepted, and so is strict JSON.
func readObject(text []byte) map[string]any {
	var o map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&o); err != nil {
		return map[string]any{"unreadable": err}
	}
	return o
}

func decoded(part string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil
	}
	return b
}

func (c *tally) report(t *testing.T) {
	t.Helper()
	t.Logf("accepted by all three: %d", c.accepted)
	t.Logf("refused here, by reason: %s", listed(c.refused))
	for _, by := range slices.Sorted(maps.Keys(c.stricter)) {
		t.Logf("refused here and accepted by %s, by reason: %s", by, listed(c.stricter[by]))
	}
	for _, r := range rules() {
		for _, by := range slices.Sorted(maps.Keys(c.stricter)) {
			if n := c.ruled[by+": "+r.name]; n > 0 {
				t.Logf("accepted here and refused by %s: %d, %s: %s", by, n, r.name, r.reason)
			}
		}
	}
}

func listed(counts map[string]int) string {
	var b strings.Builder
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, ", %s %d", name, counts[name])
		sum += counts[name]
	}
	return fmt.Sprint(sum, b.String())
}

// check fails if the tokens were too narrow for the comparison to say anything.
func (c *tally) check(t *testing.T, all []mutation) {
	t.Helper()
	if *casesFlag < 3000 {
		return
	}
	if c.accepted < *casesFlag/20 {
		t.Errorf("only %d of %d tokens were accepted by all three", c.accepted, *casesFlag)
	}
	for _, m := range all {
		if c.mutations[m.name] == 0 {
			t.Errorf("no token was made by: %s", m.name)
		}
	}
	for _, reason := range []string{
		token.ReasonMalformed, token.ReasonTooLarge, token.ReasonIssuer, token.ReasonAlgorithm, token.ReasonHeader, token.ReasonType, token.ReasonKeyUnknown,
		token.ReasonKeyMismatch, token.ReasonSignature, token.ReasonKind, token.ReasonAudience, token.ReasonClaims, token.ReasonExpired,
		token.ReasonNotYetValid, token.ReasonFuture, token.ReasonLifetime, token.ReasonSubject, token.ReasonClient, token.ReasonKeyBound,
	} {
		if c.refused[reason] == 0 {
			t.Errorf("no token was refused for: %s", reason)
		}
	}
}
