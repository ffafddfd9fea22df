package authz

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// explained is a question that was explained, with the policy's text to hold the explanation against.
type explained struct {
	asked
	model   Source
	text    string
	options Options
	policy  *Policy
	e       Explanation
}

// TestExplain_IsTrue explains random questions and holds every explanation against the decision, the policy's text and the policy
// that the advice would make of it.
func TestExplain_IsTrue(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	operations := memoOperations(t)
	seen := map[string]int{}
	for i := range 200 {
		x := explained{text: randomRows(r), options: Options{Declared: operations}}
		if i%2 == 0 {
			x.options.Aliases = []string{"one", "two"}
		}
		var err error
		if x.policy, err = Compile(Source{}, source(x.text), x.options); err != nil {
			continue
		}
		for _, x.asked = range randomQuestions(t, r, operations, 25) {
			x.e = x.policy.Explain(x.who, x.op, values(x.args))
			x.checkDecision(t, seen)
			for _, p := range x.e.Permissions {
				x.checkPermission(t, p, seen)
			}
			for _, s := range x.e.Scopes {
				x.checkScope(t, s, seen)
			}
			if t.Failed() {
				t.Fatalf("seed %d: %+v %v\n%s\n%s", seed, x.who, x.args, x.e, x.text)
			}
		}
	}
	t.Logf("seen %v", seen)
	for _, what := range []string{
		"allowed", "scope_missing", "permission_missing", "permission_denied", "client_denied", "placeholder",
		"allow", "denial", "client denial", "cut", "denials", "holder", "add g", "add p", "denied and missing", "option", "scope row", "scope link",
	} {
		if seen[what] == 0 {
			t.Errorf("no explanation had %q: the questions are too narrow", what)
		}
	}
}

// TestExplain_IsTrueOfCasbin does so under a model that Casbin decides by, with what an explanation promises then.
func TestExplain_IsTrueOfCasbin(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 4))
	operations := memoOperations(t)
	seen := map[string]int{}
	for range 25 {
		x := explained{
			model: custom("(keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act))"), text: randomRows(r), options: Options{Declared: operations},
		}
		var err error
		if x.policy, err = Compile(x.model, source(x.text), x.options); err != nil {
			continue
		}
		for _, x.asked = range randomQuestions(t, r, operations, 12) {
			x.e = x.policy.Explain(x.who, x.op, values(x.args))
			x.checkDecision(t, seen)
			for _, p := range x.e.Permissions {
				x.checkByCasbin(t, p, seen)
			}
			if t.Failed() {
				t.Fatalf("seed %d: %+v %v\n%s\n%s", seed, x.who, x.args, x.e, x.text)
			}
		}
	}
	t.Logf("seen %v", seen)
	for _, what := range []string{"allow", "denial", "holder", "add g", "add p"} {
		if seen[what] == 0 {
			t.Errorf("no explanation had %q: the questions are too narrow", what)
		}
	}
}

func (x *explained) checkByCasbin(t *testing.T, p ExplainedPermission, seen map[string]int) {
	t.Helper()
	if p.Allow != nil {
		seen["allow"]++
		x.checkPath(t, *p.Allow, "allow")
	}
	for _, d := range p.Denials {
		x.checkPath(t, d.Path, "deny")
		x.checkDenial(t, p, d, seen)
		seen["denial"]++
	}
	for _, h := range p.Holders {
		x.checkPath(t, h, "allow")
		x.checkHolder(t, p, h)
		seen["holder"]++
	}
	for _, row := range p.Add {
		seen["add "+row[:1]]++
		if got := x.edited(t, p, row); !got.Allowed && len(p.Denials) == 0 {
			t.Errorf("%s: with %q it is %s", p.Permission, row, got.Reason)
		}
	}
	if p.Permission != "" && p.Allowed != (p.Allow != nil && len(p.Denials) == 0) {
		t.Errorf("%s: allow %v and denials %v do not fit", p.Permission, p.Allow, p.Denials)
	}
}

// checkDecision compares with what Decide says, and the parts with the whole.
func (x *explained) checkDecision(t *testing.T, seen map[string]int) {
	t.Helper()
	d := x.policy.Decide(x.who, x.op, values(x.args))
	seen[string(d.Reason())]++
	want := Explanation{
		Allowed: d.Allowed(), Door: d.Door(), Reason: d.Reason(), Because: d.Because(), Rule: d.Rule(), Revision: d.Revision(),
		Textbook: x.policy.Textbook(), StepUp: append([]string{}, d.Scopes()...), TokenScopes: append([]string{}, x.who.Scopes...),
	}
	got := x.e
	got.Permissions, got.Scopes, got.Placeholders, got.Subjects = nil, nil, nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not what Decide says (-Decide +Explain):\n%s", diff)
	}
	shut := slices.IndexFunc(x.e.Permissions, func(p ExplainedPermission) bool { return !p.Allowed })
	open := slices.IndexFunc(x.e.Scopes, func(s ExplainedScope) bool { return !s.Covered })
	switch {
	case d.Reason() == ReasonPlaceholder:
		if !slices.ContainsFunc(x.e.Placeholders, func(p ExplainedPlaceholder) bool { return !p.Usable }) {
			t.Error("no placeholder lacks a value")
		}
		return
	case d.Door() == DoorTwo:
		if shut < 0 || x.e.Permissions[shut].Reason != d.Reason() || x.e.Permissions[shut].Permission != d.Permission() {
			t.Errorf("another permission is missing or denied")
		}
	case shut >= 0 || d.Allowed() != (open < 0):
		t.Errorf("permission %d, scope %d do not fit the decision", shut, open)
	}
}

func (x *explained) checkPermission(t *testing.T, p ExplainedPermission, seen map[string]int) {
	t.Helper()
	if p.Permission == "" {
		return
	}
	if p.Allow != nil {
		seen["allow"]++
		x.checkPath(t, *p.Allow, "allow")
	}
	if p.Allowed != (p.Allow != nil && len(p.Denials) == 0) || (p.Allow == nil) != (len(p.Add) > 0) {
		t.Errorf("%s: allow %v, denials %v and rows to add %v do not fit", p.Permission, p.Allow, p.Denials, p.Add)
	}
	var without []int
	for _, d := range p.Denials {
		seen["denial"]++
		x.checkPath(t, d.Path, "deny")
		x.checkDenial(t, p, d, seen)
		without = append(without, lineOf(d.Rule.At))
	}
	if len(p.Denials) > 1 {
		seen["denials"]++
	}
	for _, h := range p.Holders {
		seen["holder"]++
		x.checkPath(t, h, "allow")
		x.checkHolder(t, p, h)
	}
	for _, row := range p.Add {
		seen["add "+row[:1]]++
		if got := x.edited(t, p, row, without...); !got.Allowed {
			t.Errorf("%s: with %q and without %v it is %s", p.Permission, row, without, got.Reason)
		}
	}
	if len(p.Denials) > 0 && p.Allow != nil {
		if got := x.edited(t, p, "", without...); !got.Allowed {
			t.Errorf("%s: without %v it is %s", p.Permission, without, got.Reason)
		}
	}
	if len(p.Denials) > 0 && p.Allow == nil {
		seen["denied and missing"]++
	}
}

// checkDenial takes away one row after the other of a denial.
func (x *explained) checkDenial(t *testing.T, p ExplainedPermission, d Denial, seen map[string]int) {
	t.Helper()
	if d.Client {
		seen["client denial"]++
	}
	for _, row := range d.rows() {
		ends := row == *d.Rule || slices.Contains(d.Cut, row)
		if ends && row != *d.Rule {
			seen["cut"]++
		}
		after := x.edited(t, p, "", lineOf(row.At))
		if slices.ContainsFunc(after.Denials, func(o Denial) bool { return o.Rule.At == d.Rule.At && o.Client == d.Client }) == ends {
			t.Errorf("%s: without %v the denial by %v ends: %t", p.Permission, row, d.Rule, !ends)
		}
	}
}

// checkHolder asks as the holder.
func (x *explained) checkHolder(t *testing.T, p ExplainedPermission, h Path) {
	t.Helper()
	kind, name, _ := strings.Cut(h.Subjects[0], ":")
	who := Principal{Subject: "somebody", Client: "client"}
	if len(x.options.Aliases) > 1 {
		who.Alias, name, _ = strings.Cut(name, "/")
	}
	switch kind {
	case kindUser:
		who.Subject = name
	case kindGroup:
		who.Groups = []string{name}
	case kindRole:
		who.Roles = []string{name}
	case kindClient:
		who.Machine, who.Client = true, name
	}
	e := x.policy.Explain(who, x.op, values(x.args))
	if i := slices.IndexFunc(e.Permissions, func(o ExplainedPermission) bool { return o.Declared == p.Declared }); !e.Permissions[i].Allowed {
		t.Errorf("%s is not allowed to %s: %s", p.Permission, h.Subjects[0], e.Permissions[i].Reason)
	}
}

func (x *explained) checkScope(t *testing.T, s ExplainedScope, seen map[string]int) {
	t.Helper()
	if s.Scope == "" {
		return
	}
	if s.Covered != (s.Path != nil) || s.Covered != (len(s.Options) == 0) {
		t.Errorf("%s: covered %t by %v, or by %v", s.Scope, s.Covered, s.Path, s.Options)
	}
	if s.Covered {
		x.checkPath(t, *s.Path, "allow")
		if s.Path.Rule != nil {
			seen["scope row"]++
		}
		if len(s.Path.Links) > 0 {
			seen["scope link"]++
		}
		if !slices.Contains(x.who.Scopes, s.By) || !x.covers(s, s.By) {
			t.Errorf("%s is not covered by %s", s.Scope, s.By)
		}
	}
	for _, o := range s.Options {
		seen["option"]++
		x.checkPath(t, o.Path, "allow")
		if !x.covers(s, o.Scope) {
			t.Errorf("%s would not cover %s", o.Scope, s.Scope)
		}
	}
}

// covers asks with a token that has one scope.
func (x *explained) covers(s ExplainedScope, scope string) bool {
	who := x.who
	who.Scopes = []string{scope}
	e := x.policy.Explain(who, x.op, values(x.args))
	return slices.ContainsFunc(e.Scopes, func(o ExplainedScope) bool { return o.Declared == s.Declared && o.Covered })
}

// edited is what is said of the permission after an edit of the policy: a row more, and some lines less.
func (x *explained) edited(t *testing.T, p ExplainedPermission, row string, without ...int) ExplainedPermission {
	t.Helper()
	lines := strings.Split(x.text, "\n")
	for _, n := range without {
		lines[n-1] = ""
	}
	after := compiled(t, x.model, strings.Join(append(lines, row, "p, role:unused, unused, unused, allow"), "\n"), x.options)
	for _, o := range after.Explain(x.who, x.op, values(x.args)).Permissions {
		if o.Declared == p.Declared {
			return o
		}
	}
	return ExplainedPermission{}
}

// checkPath reads the rows of a path where it says they are.
func (x *explained) checkPath(t *testing.T, p Path, effect string) {
	t.Helper()
	lines := strings.Split(x.text, "\n")
	for _, row := range p.rows() {
		fields := strings.Split(lines[lineOf(row.At)-1], ", ")
		for i := range fields {
			if i == 1 || fields[0] == rowLink && i == 2 {
				fields[i] = expand(fields[i], x.options.Aliases)
			}
		}
		if strings.Join(fields, ", ") != row.Text {
			t.Errorf("line %s is %v, not %q", row.At, fields, row.Text)
		}
	}
	if len(p.Subjects) != len(p.Links)+1 {
		t.Fatalf("%d subjects and %d links", len(p.Subjects), len(p.Links))
	}
	for i, l := range p.Links {
		if want := fmt.Sprintf("g, %s, %s", p.Subjects[i], p.Subjects[i+1]); l.Text != want {
			t.Errorf("link %q, want %q", l.Text, want)
		}
	}
	if p.Rule != nil && (!strings.HasPrefix(p.Rule.Text, "p, "+p.Subjects[len(p.Links)]+", ") || !strings.HasSuffix(p.Rule.Text, ", "+effect)) {
		t.Errorf("rule %q after %v", p.Rule.Text, p.Subjects)
	}
}

func lineOf(at string) int {
	n, _ := strconv.Atoi(at[strings.LastIndexByte(at, ':')+1:])
	return n
}
