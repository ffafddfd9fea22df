package server

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// edition is one of two revisions that take turns: model and policy belong
// together. Alice is allowed in both, by other rows, and eve denied in both, for
// other reasons; bob and carol are allowed in one.
type edition struct {
	model, policy, revision string
	allows                  map[string]bool
}

func editions(t testing.TB) [2]edition {
	t.Helper()
	model, err := os.ReadFile("../model.conf")
	if err != nil {
		t.Fatal(err)
	}
	one := edition{
		model: string(model) + "# one\n",
		policy: "g, user:alice, role:owner\np, role:owner, notes, *, allow\n" +
			"p, user:bob, notes, delete, allow\n",
		allows: map[string]bool{"alice": true, "bob": true, "carol": false, "eve": false},
	}
	two := edition{
		model: string(model) + "# two\n",
		policy: "p, user:alice, notes, delete, allow\np, user:carol, notes, delete, allow\n" +
			"p, user:eve, notes, *, allow\np, user:eve, notes, delete, deny\n",
		allows: map[string]bool{"alice": true, "bob": false, "carol": true, "eve": false},
	}
	for _, e := range []*edition{&one, &two} {
		policy, err := authz.Compile(authz.Source{Name: "m", Data: []byte(e.model)}, authz.Source{Name: "p", Data: []byte(e.policy)}, authz.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e.revision = policy.Revision()
	}
	return [2]edition{one, two}
}

// reader decides as fast as it can and compares each answer with the revision that
// the answer names.
type reader struct {
	need   authz.Requirement
	known  map[string]edition // by revision
	wrong  []string
	checks int
	turns  int // how often the revision was another than before
	last   string
}

// check compares one answer.
func (r *reader) check(user string, d authz.Decision) {
	r.checks++
	e, ok := r.known[d.Revision()]
	if (!ok || d.Allowed() != e.allows[user]) && len(r.wrong) < 10 {
		r.wrong = append(r.wrong, fmt.Sprintf("%s: allowed %v by revision %s (%s)", user, d.Allowed(), d.Revision(), d.Reason()))
	}
}

func (r *reader) decide(policy *authz.Policy, user string) authz.Decision {
	return policy.Decide(authz.Principal{Subject: user, Client: "c", Scopes: []string{"notes:delete"}}, r.need, nil)
}

// request asks several times with the policy that it was given, as the gate does.
func (r *reader) request(policy *authz.Policy) {
	if policy.Revision() != r.last {
		r.last = policy.Revision()
		r.turns++
	}
	for _, user := range []string{"alice", "bob", "carol", "eve"} {
		d := r.decide(policy, user)
		r.check(user, d)
		if d.Revision() != r.last {
			r.wrong = append(r.wrong, "a request saw revisions "+r.last+" and "+d.Revision())
		}
	}
}

// TestP15_ReloadsAndReadersDoNotMeet replaces model and policy a thousand times while
// four readers decide. Nobody who is allowed in both is ever denied, nobody who is denied
// in both ever allowed, and every answer is that of exactly the revision it names.
func TestP15_ReloadsAndReadersDoNotMeet(t *testing.T) {
	const readers, reloads, checks = 4, 1000, 100_000
	f := newPolicyFixture(t)
	both := editions(t)
	put := func(e edition) {
		f.rename(t, f.model, e.model)
		f.look() // finds a pair that does not belong together
		f.rename(t, f.policy, e.policy)
		f.look()
		f.look()
	}
	put(both[1])
	known := map[string]edition{both[0].revision: both[0], both[1].revision: both[1]}
	need, err := authz.NewRequirement([]string{"notes:delete"}, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var group sync.WaitGroup
	all := make([]*reader, readers)
	for i := range all {
		r := &reader{known: known, need: need}
		all[i] = r
		group.Go(func() {
			for !done.Load() || r.checks < checks {
				r.request(f.policyStore.policy())
				runtime.Gosched() // or the reloads would wait for the readers, with few processors
				for user := range both[0].allows {
					r.check(user, r.decide(f.policyStore.policy(), user))
				}
			}
		})
	}
	for n := range reloads {
		put(both[n%2])
		if got := f.policyStore.policy().Revision(); got != both[n%2].revision {
			t.Errorf("reload %d: revision %s is in force, want %s", n, got, both[n%2].revision)
			break
		}
	}
	done.Store(true)
	group.Wait()
	for i, r := range all {
		if len(r.wrong) > 0 || r.checks < checks || r.turns < 10 {
			t.Errorf("reader %d: %d checks, %d changes seen, wrong: %s", i, r.checks, r.turns, strings.Join(r.wrong, "; "))
		}
	}
	if f.alarm.failed.Load() != 0 {
		t.Errorf("%d alarms:\n%s", f.alarm.failed.Load(), f.log)
	}
}

// manyRules is a policy of n rows and some more.
func manyRules(n int, more string) string {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "p, user:somebody%06d, documents/%06d, read, allow\n", i, i)
	}
	return b.String() + more
}

// TestP16_NoReaderWaitsForAReload stops a reload of 20,000 rules in its middle, where
// the files are read and where they are compiled, and has readers decide meanwhile.
func TestP16_NoReaderWaitsForAReload(t *testing.T) {
	const rules, readers, decisions = 20_000, 4, 1000
	for _, where := range []string{"reading", "compiling"} {
		f := newPolicyFixture(t)
		before := f.policyStore.policy()
		f.write(t, f.policy, manyRules(rules, bobDeletes))
		entered, leave := make(chan struct{}), make(chan struct{})
		stop := sync.OnceFunc(func() {
			close(entered)
			<-leave
		})
		f.reader.open = func(path string) (fs.File, error) {
			if where == "reading" && path == f.policy {
				stop()
			}
			return openFile(path)
		}
		f.compile = func(model, policy authz.Source, o authz.Options) (*authz.Policy, error) {
			compiled, err := authz.Compile(model, policy, o)
			if where == "compiling" {
				stop()
			}
			return compiled, err
		}
		reloaded := make(chan struct{})
		go func() {
			defer close(reloaded)
			f.settle()
		}()
		<-entered
		read := make(chan bool, readers)
		for range readers {
			go func() {
				same := true
				for range decisions {
					same = same && f.may("bob", "echo:use") && !f.mayDelete() && f.policyStore.policy() == before
					_, _ = f.inForce()
				}
				read <- same
			}()
		}
		for range readers {
			select {
			case same := <-read:
				if !same {
					t.Errorf("%s: a reader saw something of the policy that is not in force yet", where)
				}
			case <-time.After(30 * time.Second):
				t.Fatalf("%s: readers wait for the reload", where)
			}
		}
		close(leave)
		<-reloaded
		if !f.mayDelete() || !f.may("somebody019999", "documents/019999:read") {
			t.Errorf("%s: the policy is not in force in the end:\n%s", where, f.log)
		}
	}
}

// TestP15_AWithdrawalNamesThePolicyThatWithdrew has a policy between two that allow
// deny what runs. The record of the withdrawal says which it was.
func TestP15_AWithdrawalNamesThePolicyThatWithdrew(t *testing.T) {
	records := &bytes.Buffer{}
	cfg := goodConfig(t)
	cfg.Audit, cfg.Stdout = "stdout", records
	s, err := New(cfg) // not started: nothing but this test replaces the policy
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put := func(text string) string {
		policy, err := authz.Compile(authz.Source{}, authz.Source{Name: "policy.csv", Data: []byte(text)}, s.store.reader.files.options)
		if err != nil {
			t.Fatal(err)
		}
		s.store.put(policy, content{})
		return policy.Revision()
	}
	allows := put(goodPolicy)
	who := authz.Principal{Subject: "bob", Client: "c", Scopes: []string{"echo:use"}}
	msg := &message.Message{Revision: "2026-07-28", Method: "tools/call", Name: "echo", Arguments: []byte(`{"text":"x"}`)}
	g := s.newGate(s.at)
	g.revoked = nil // this token was never issued
	pass, refused := g.Admit(t.Context(), who, msg, nil)
	if refused != nil || pass.Recheck() != nil {
		t.Fatalf("refused: %v", refused)
	}
	denies := put(goodPolicy + "p, user:bob, echo, use, deny\n")
	why := pass.Recheck()
	if why == nil {
		t.Fatal("the call goes on")
	}
	put(goodPolicy)
	g.Refused(t.Context(), &who, msg, why)
	s.audit.flush()
	lines := strings.Split(strings.TrimSpace(records.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"decision":"allow"`) || !strings.Contains(lines[0], `"policy_revision":"`+allows+`"`) ||
		!strings.Contains(lines[1], `"decision":"deny"`) || !strings.Contains(lines[1], `"policy_revision":"`+denies+`"`) {
		t.Errorf("allowed by %s, denied by %s, and recorded:\n%s", allows, denies, records)
	}
}

// TestP15_ARequestAsksForItsPolicyOnce sends every method that is decided to a gate that
// has another policy whenever it is asked for one.
func TestP15_ARequestAsksForItsPolicyOnce(t *testing.T) {
	s, _ := guarded(t)
	g := s.newGate(s.at)
	asked := 0
	g.policy = func() *authz.Policy {
		asked++
		return s.store.policy()
	}
	completion := &message.Completion{RefType: refResource, Argument: "b", Value: "v"}
	for method, row := range g.methods {
		if row.ask == nil {
			continue
		}
		msg := &message.Message{Revision: "2026-07-28", Method: method, Name: "echo", Completion: completion, Filter: &message.Filter{URIs: []string{"a://1"}}}
		switch method {
		case "prompts/get":
			msg.Name = "p"
		case "completion/complete":
			msg.Name = "a://{b}"
		case "resources/read", "resources/subscribe", "resources/unsubscribe":
			msg.Name = "a://1"
		}
		if row.in == inOlder {
			msg.Revision = "2025-11-25"
		}
		asked = 0
		pass, why := g.Admit(t.Context(), authz.Principal{Subject: "bob", Client: "c", Scopes: []string{"echo:use"}}, msg, nil)
		if asked != 1 || why != nil {
			t.Errorf("%s: the policy was asked for %d times, want once; refused: %v", method, asked, why)
		}
		if pass != nil && pass.Subscription != nil && len(pass.Subscription.Filter.URIs) != 1 {
			t.Errorf("%s: %v was granted", method, pass.Subscription.Filter)
		}
	}
}
