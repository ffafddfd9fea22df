package authz_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
)

var (
	casesFlag = flag.Int("cases", 5000, "how many random questions the differential test asks")
	seedFlag  = seedValue()
	rowsFlag  = flag.Int("rows", 2, "the longest policies, in rows, that the exhaustive tests make")
)

// seedValue is -seed, which the tests inside the package may have declared already: both are one program.
func seedValue() flag.Value {
	if flag.Lookup("seed") == nil {
		flag.Uint64("seed", 0, "seed of the random tests; 0 draws one, which is printed")
	}
	return flag.Lookup("seed").Value
}

func seed(t *testing.T) uint64 {
	t.Helper()
	given, err := strconv.ParseUint(seedFlag.String(), 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	if given == 0 {
		given = rand.Uint64()
	}
	return given
}

// campaign asks random policies random questions until it has asked enough.
type campaign struct {
	seed                           uint64
	pool                           []operation
	rounds, asked, again, declined atomic.Int64
	failed                         atomic.Bool

	mu      sync.Mutex
	reasons map[authz.Reason]int
	listed  int
}

// TestP26_DecideEqualsReferences compares every answer with Casbin and with Cedar, which are asked by the words of the
// design and share nothing with the package. A round, with its policy and its questions, follows from the seed and its number.
func TestP26_DecideEqualsReferences(t *testing.T) {
	c := &campaign{seed: seed(t), pool: operations(t), reasons: map[authz.Reason]int{}}
	t.Logf("P-26 -seed %d -cases %d", c.seed, *casesFlag)
	t.Run("rounds", func(t *testing.T) {
		for part := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(part), func(t *testing.T) {
				t.Parallel()
				for c.asked.Load() < int64(*casesFlag) && !c.failed.Load() {
					c.round(t, uint64(c.rounds.Add(1)))
				}
			})
		}
	})
	t.Logf("P-26 %d rounds, %d policies refused, %d questions, %d of them again, %d listed\n%v",
		c.rounds.Load(), c.declined.Load(), c.asked.Load(), c.again.Load(), c.listed, c.reasons)
	c.checkShares(t)
}

// checkShares fails if the questions are too narrow to mean much: of each answer there have to be enough, in per mille.
func (c *campaign) checkShares(t *testing.T) {
	t.Helper()
	asked := c.asked.Load()
	if asked < 1000 {
		return // too few to speak of shares
	}
	for reason, least := range map[authz.Reason]int64{
		authz.ReasonAllowed: 50, authz.ReasonAnyPrincipal: 15, authz.ReasonScopeMissing: 35, authz.ReasonPermissionMissing: 100,
		authz.ReasonPermissionDenied: 5, authz.ReasonClientDenied: 15, authz.ReasonPlaceholder: 30,
		authz.ReasonNoPrincipal: 1, authz.ReasonNoRequirement: 1,
	} {
		if got := int64(c.reasons[reason]) * 1000 / asked; got < least {
			t.Errorf("%d of 1000 answers are %s, fewer than %d: the questions are too narrow", got, reason, least)
		}
	}
	if rounds := c.rounds.Load(); c.declined.Load()*4 > rounds {
		t.Errorf("%d of %d policies were refused: too many", c.declined.Load(), rounds)
	}
}

// round makes a policy, asks everything once, and a part of it again in another order and from two sides at once.
func (c *campaign) round(t *testing.T, number uint64) {
	t.Helper()
	w := newWorld(dice{rand.New(rand.NewPCG(c.seed, number))}, c.pool)
	s := w.setting()
	e, err := s.open(t)
	if err != nil {
		c.refused(t, s, err)
		return
	}
	if s.book.refusable() {
		c.fail(t, number, s.book.text+"was accepted in spite of a loop, or of a chain of more than nine rows")
		return
	}
	list := w.questions()
	answers := make([]answer, len(list))
	counts, listed := map[authz.Reason]int{}, 0
	for i, q := range list {
		var problem string
		if answers[i], problem = e.compare(q); problem != "" {
			c.fail(t, number, report(t, s, q, problem))
			return
		}
		counts[answers[i].reason]++
		if e.policy.Listed(q.who, q.op.need, false) {
			listed++
		}
		c.asked.Add(1)
	}
	c.repeat(t, number, w, e, list, answers)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listed += listed
	for reason, n := range counts {
		c.reasons[reason] += n
	}
}

// repeat asks a third of the questions again.
func (c *campaign) repeat(t *testing.T, number uint64, w *world, e *engines, list []question, answers []answer) {
	var sides sync.WaitGroup
	for range 2 {
		order := w.Perm(len(list))[:len(list)/3]
		c.again.Add(int64(len(order)))
		sides.Go(func() {
			for _, i := range order {
				q := list[i]
				if got := answerOf(e.policy.Decide(q.who, q.op.need, q.values())); got != answers[i] {
					c.fail(t, number, describe(e.setting, q, fmt.Sprintf("asked again it says %+v\nat first it said    %+v", got, answers[i])))
				}
			}
		})
	}
	sides.Wait()
}

// refused checks that a policy was refused for what the design says, and for nothing else.
func (c *campaign) refused(t *testing.T, s setting, err error) {
	t.Helper()
	c.declined.Add(1)
	var lint *authz.LintError
	if !errors.As(err, &lint) || !s.book.refusable() {
		c.failed.Store(true)
		t.Errorf("P-26 -seed %d: refused without a reason: %v\n%s", c.seed, err, s.book.text)
	}
}

func (c *campaign) fail(t *testing.T, number uint64, text string) {
	if !c.failed.Swap(true) {
		t.Errorf("P-26 -seed %d, round %d, after %d questions\n%s", c.seed, number, c.asked.Load(), text)
	}
}

// refusable reports whether the g rows hold a loop or a chain of more than nine.
func (b book) refusable() bool {
	names := map[string]bool{}
	for _, r := range b.names {
		if r.kind == "g" {
			names[r.fields[0]] = true
		}
	}
	for step := 0; len(names) > 0; step++ {
		if step == 9 {
			return b.leads(names)
		}
		next := map[string]bool{}
		for _, r := range b.names {
			if r.kind == "g" && names[r.fields[0]] {
				next[r.fields[1]] = true
			}
		}
		names = next
	}
	return false
}

// leads reports whether a g row goes on from one of the names.
func (b book) leads(names map[string]bool) bool {
	for _, r := range b.names {
		if r.kind == "g" && names[r.fields[0]] {
			return true
		}
	}
	return false
}

// describe says everything that is needed to look at a disagreement.
func describe(s setting, q question, problem string) string {
	var declared []string
	for _, op := range s.declared {
		declared = append(declared, strings.Join(op.scopes, " "))
	}
	return fmt.Sprintf("%s\naliases   %q\ndeclared  %q\ncaller    %+q\noperation scopes %q permissions %q any principal %t\narguments %q\npolicy\n%s",
		problem, s.book.aliases, declared, callerText(q.who), q.op.scopes, q.op.permissions, q.op.anyPrincipal, q.args, s.book.text)
}

func callerText(who authz.Principal) string {
	return fmt.Sprintf("machine %t alias %q subject %q client %q groups %q roles %q scopes %q",
		who.Machine, who.Alias, who.Subject, who.Client, who.Groups, who.Roles, who.Scopes)
}
