package authz

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// edited changes some rows of a policy.
func edited(r *rand.Rand, rows string) string {
	lines := strings.SplitAfter(strings.TrimSuffix(rows, "\n"), "\n")
	for range 1 + r.IntN(3) {
		i := r.IntN(len(lines))
		switch r.IntN(4) {
		case 0:
			lines = slices.Delete(lines, i, i+1)
		case 1:
			more := strings.SplitAfter(randomRows(r), "\n")
			lines = slices.Insert(lines, i, more[r.IntN(len(more)-1)])
		case 2:
			lines[i] = strings.Replace(lines[i], ", allow", ", deny", 1)
			if strings.Contains(lines[i], "scope:") {
				lines[i] = strings.Replace(lines[i], ", deny", ", allow", 1)
			}
		default:
			j := r.IntN(len(lines))
			lines[i], lines[j] = lines[j], lines[i]
		}
	}
	return strings.Join(lines, "")
}

// reaches reports whether a change is about one of the subjects or scopes of a caller.
func reaches(c Change, who Principal) bool {
	kind, name, _ := strings.Cut(c.Subject, ":")
	switch kind {
	case "anyone":
		return true
	case "user":
		return !who.Machine && name == who.Subject
	case "group":
		return !who.Machine && slices.Contains(who.Groups, name)
	case "role":
		return !who.Machine && slices.Contains(who.Roles, name)
	case "client":
		return name == who.Client && c.Through != who.Machine
	}
	return slices.Contains(who.Scopes, name)
}

// TestDiff_FindsEveryChange asks two random policies about random callers, each of several subjects: whenever the decisions
// differ, a change names one of the subjects or scopes, the operation and the values.
func TestDiff_FindsEveryChange(t *testing.T) {
	r := seeded(t, 33)
	ops := randomOperations(t)
	options := Options{Declared: needs(ops)}
	differ, same := map[string]int{}, 0
	for range 300 {
		rows := randomRows(r) + pick(r, "", "p, anyone, *, *, allow\n") + fmt.Sprintf("g, scope:s, scope:%s\n", pick(r, "table/1:use", "table/1", "table/users", "x"))
		before, err := Compile(Source{}, source(rows), options)
		if err != nil {
			continue
		}
		more := edited(r, rows)
		after, err := Compile(Source{}, source(more), options)
		if err != nil {
			continue
		}
		d := Diff(before, after, ops)
		if d.Incomplete != nil {
			t.Fatal(d.Incomplete)
		}
		for range 150 {
			who, op, args := randomCaller(r), ops[r.IntN(len(ops))], randomArguments(r)
			switch r.IntN(3) {
			case 0:
				who = consented(who, op.Need, args) // so that door one is open
			case 1:
				who.Scopes = []string{pick(r, "all", "s", "notes:write")}
			}
			was, is := before.Decide(who, op.Need, values(args)), after.Decide(who, op.Need, values(args))
			if was.Allowed() == is.Allowed() && was.Reason() == is.Reason() && was.Permission() == is.Permission() {
				same++
				continue
			}
			differ[fmt.Sprint(was.Reason(), " ", is.Reason())]++
			found := slices.ContainsFunc(d.Changes, func(c Change) bool {
				return reaches(c, who) && c.Operation.Name == op.Name && meansAll(c.Values, args)
			})
			if !found {
				t.Fatalf("%s for %+v with %v: was %s, is %s; not in %+v\n%s---\n%s", op.Name, who, args, was.Reason(), is.Reason(), d.Changes, rows, more)
			}
		}
	}
	t.Logf("%d the same, others %v", same, differ)
	for _, key := range []string{
		"permission_missing allowed", "allowed permission_missing", "allowed permission_denied", "allowed client_denied", "scope_missing allowed", "allowed scope_missing",
	} {
		if differ[key] == 0 {
			t.Errorf("no decision changed from %s: the questions are too narrow", key)
		}
	}
}

// TestDiff_FindsNothingElse checks that both sides of every change are what Decide says of that caller with an example, and
// that whether it decides is right too.
func TestDiff_FindsNothingElse(t *testing.T) {
	r := seeded(t, 34)
	ops := randomOperations(t)
	options := Options{Declared: needs(ops)}
	seen := map[string]int{}
	for range 300 {
		rows := randomRows(r)
		before, err := Compile(Source{}, source(rows), options)
		if err != nil {
			continue
		}
		after, err := Compile(Source{}, source(edited(r, rows)), options)
		if err != nil {
			continue
		}
		for _, c := range Diff(before, after, ops).Changes {
			kind := kindOf(c.Subject)
			if kind == kindScope || c.Through {
				seen[kind]++ // TestMatrix_EqualsDecide compares what these are asked through
				continue
			}
			args := map[string]string{}
			for _, v := range c.Values {
				args[v.Name] = v.Example
			}
			who := callerNamed(c.Subject, By(kind))
			alone := need(t, "", c.Need)
			for p, want := range map[*Policy]Verdict{before: c.Before, after: c.After} {
				d := p.Decide(consented(who, alone, args), alone, values(args))
				if got := (Verdict{doorTwo(d), d.Rule()}); got != want {
					t.Fatalf("%+v: Decide says %+v of the permission", c, got)
				}
			}
			if len(c.Operation.Need.Permissions()) == 1 && c.Decides != (opens(c.Before) != opens(c.After)) {
				t.Fatalf("%+v", c)
			}
			seen[fmt.Sprint(c.Decides, c.Gain())]++
		}
	}
	t.Log(seen)
	for _, key := range []string{"true true", "true false", "false true", "false false", kindScope, kindClient} {
		if seen[key] == 0 {
			t.Errorf("no change is %s: the policies are too narrow", key)
		}
	}
}

// TestDiff_Data compares the two policies of each bundle in testdata/diff.
func TestDiff_Data(t *testing.T) {
	for _, b := range bundles(t, "testdata/diff/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(b.path), ".txtar"), func(t *testing.T) {
			read := func(name string) *Policy {
				p, err := Compile(b.model(), Source{name, []byte(b.sections[name])}, b.options(t))
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			d := Diff(read("before.csv"), read("after.csv"), b.operations(t))
			var got strings.Builder
			for _, c := range d.Changes {
				got.WriteString(changeText(c) + "\n")
			}
			for _, line := range d.Incomplete {
				got.WriteString("incomplete: " + line + "\n")
			}
			b.check(t, "changes", got.String())
		})
	}
}

func changeText(c Change) string {
	words := []string{"loss"}
	if c.Gain() {
		words = []string{"gain"}
	}
	if !c.Decides {
		words = append(words, "(in part)")
	}
	if c.Through {
		words = append(words, "through")
	}
	words = append(words, c.Subject, c.Operation.Name)
	if c.Need != c.Operation.Name {
		words = append(words, "("+c.Need+")")
	}
	if len(c.Values) > 0 {
		words = append(words, listed(c.Values))
	}
	return strings.Join(words, " ") + ": " + verdictText(c.Before) + " -> " + verdictText(c.After)
}

func TestDiff_Edges(t *testing.T) {
	ops := []Operation{{Name: "read", Need: need(t, "notes:read", "")}, {Name: "open", Need: Requirement{anyPrincipal: true}}, {Name: "none"}}
	options := Options{Declared: needs(ops), Aliases: []string{"one", "two"}}
	p := compiled(t, Source{}, "p, role:two/reader, notes, read, allow\n", options)
	for name, tt := range map[string]struct {
		before, after *Policy
		want          string
	}{
		"nothing to compare": {nil, nil, ""},
		"the same":           {p, p, ""},
		"a first policy":     {nil, p, "gain role:two/reader read (notes:read): no -> yes policy.csv:1"},
		"no policy any more": {p, nil, "loss role:two/reader read (notes:read): yes policy.csv:1 -> no"},
	} {
		var got []string
		for _, c := range Diff(tt.before, tt.after, ops).Changes {
			got = append(got, changeText(c))
		}
		if strings.Join(got, "\n") != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestDiff_SaysWhatItLeavesOut gives more values than are compared.
func TestDiff_SaysWhatItLeavesOut(t *testing.T) {
	var rows strings.Builder
	for i := range 80 {
		fmt.Fprintf(&rows, "p, role:r, t/a%d/b%d, read, allow\n", i, i)
	}
	ops := []Operation{{Name: "op", Need: need(t, "t/{a}/{b}:read", "")}}
	before := compiled(t, Source{}, rows.String(), Options{})
	after := compiled(t, Source{}, rows.String()+"p, role:r, t/a0/*, read, allow\np, role:q, t/*, read, allow\n", Options{})
	d := Diff(before, after, ops)
	if len(d.Incomplete) != 1 || !strings.Contains(d.Incomplete[0], "op: there are more values for the placeholders of t/{a}/{b}:read than") {
		t.Error(d.Incomplete)
	}
	if d = Diff(nil, compiled(t, Source{}, "p, role:q, t/*, read, allow\n", Options{}), ops); d.Incomplete != nil || len(d.Changes) != 1 {
		t.Errorf("the twin: %+v", d)
	}
}
