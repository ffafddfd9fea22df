package authz

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const coveredPolicy = `# comments count as lines
p, role:reader, notes, read, allow
p, role:editor, notes, write, allow
p, role:admin, notes, *, allow
g, role:admin, role:editor
g, role:editor, role:reader
g, user:alice, role:admin
g, user:bob, role:editor
p, group:suspended, *, *, deny
p, client:evil, notes, write, deny
g, client:worse, role:banned
p, role:banned, notes, write, deny
p, anyone, greet, use, allow
g, scope:notes:write, scope:notes:read
p, scope:notes.all, notes, *, allow
g, scope:everything, scope:notes.all
g, scope:polite, scope:greet
g, scope:formal, scope:door/front:use
p, anyone, door/front, use, allow
`

func TestPolicy_Rows(t *testing.T) {
	p := compiled(t, Source{}, "# fine\np,user:alice,  notes, read, allow\n\ng, user:alice, role:a\np, user:two/bob, notes, read, allow\n",
		Options{Aliases: []string{"main", "two"}})
	want := []string{
		"policy.csv:2: p, user:main/alice, notes, read, allow",
		"policy.csv:4: g, user:main/alice, role:main/a",
		"policy.csv:5: p, user:two/bob, notes, read, allow",
	}
	var got []string
	for _, r := range p.Rows() {
		got = append(got, r.At+": "+r.Text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var none *Policy
	if none.Rows() != nil || none.Evidence(user("alice"), need(t, "notes:read", ""), nil) != nil {
		t.Error("a nil policy has rows")
	}
}

// lines returns the lines of the evidence.
func lines(p *Policy, who Principal, need Requirement, v Values) []int {
	var list []int
	for _, r := range p.Evidence(who, need, v) {
		line, err := strconv.Atoi(strings.TrimPrefix(r.At, "policy.csv:"))
		if err != nil {
			panic(err)
		}
		list = append(list, line)
	}
	return list
}

func TestPolicy_Evidence(t *testing.T) {
	p := compiled(t, Source{}, coveredPolicy, Options{Declared: []Requirement{
		need(t, "notes:read", ""), need(t, "notes:write", "notes:delete"), need(t, "greet", ""), need(t, "door/{d}:use", ""),
	}})
	for _, tt := range []struct {
		question string
		reason   Reason
		lines    []int
	}{
		{"user:alice notes:write|notes:delete scopes=notes:write", ReasonAllowed, []int{4, 7}},
		{"user:bob notes:write scopes=notes:write", ReasonAllowed, []int{3, 8}},
		{"user:bob notes:read scopes=notes:read", ReasonAllowed, []int{2, 6, 8}},
		{"user:bob notes:read scopes=notes:write", ReasonAllowed, []int{2, 6, 8, 14}},
		{"user:bob notes:read scopes=notes.all", ReasonAllowed, []int{2, 6, 8, 15}},
		{"user:bob notes:read scopes=everything", ReasonAllowed, []int{2, 6, 8, 15, 16}},
		{"user:bob notes:write|notes:write,greet scopes=notes:write", ReasonAllowed, []int{3, 8, 13}},
		{"user:bob greet scopes=polite", ReasonAllowed, []int{13, 17}},
		{"user:zoe door/{d}:use scopes=door/front:use d=front", ReasonAllowed, []int{19}},
		{"user:zoe door/{d}:use scopes=formal d=front", ReasonAllowed, []int{18, 19}},
		{"client:robot greet scopes=greet", ReasonAllowed, []int{13}},

		{"user:bob notes:read", ReasonScopeMissing, []int{2, 6, 8}},
		{"user:bob notes:write|notes:write,greet scopes=greet", ReasonScopeMissing, []int{3, 8, 13}},
		{"user:zoe notes:read scopes=notes:read", ReasonPermissionMissing, nil},
		{"user:bob notes:write|notes:write,notes:delete scopes=notes:write", ReasonPermissionMissing, []int{3, 8}},
		{"user:bob notes:write|notes:delete,notes:write scopes=notes:write", ReasonPermissionMissing, nil},
		{"user:bob notes:write|notes:delete scopes=everything", ReasonPermissionMissing, nil},
		{"user:bob notes:read scopes=notes:read groups=suspended", ReasonPermissionDenied, []int{9}},
		{"user:bob notes:write scopes=notes:write client=evil", ReasonClientDenied, []int{3, 8, 10}},
		{"user:bob notes:write scopes=notes:write client=worse", ReasonClientDenied, []int{3, 8, 11, 12}},
		{"client:worse notes:write scopes=notes:write", ReasonClientDenied, []int{11, 12}},
		{"user:zoe door/{d}:use scopes=door/front:use", ReasonPlaceholder, nil},
		{"user:zoe ANY", ReasonAnyPrincipal, nil},
		{"user: notes:read", ReasonNoPrincipal, nil},
	} {
		who, need, v := parseQuestion(t, tt.question)
		if got := p.Decide(who, need, v).Reason(); got != tt.reason {
			t.Errorf("%s: %s, want %s", tt.question, got, tt.reason)
		}
		if diff := cmp.Diff(tt.lines, lines(p, who, need, v)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.question, diff)
		}
	}
}

// TestPolicy_Evidence_OtherSpelling covers scopes by their other spelling, which placeholders make possible.
func TestPolicy_Evidence_OtherSpelling(t *testing.T) {
	for _, tt := range []struct {
		question, declared, link string
	}{
		{"user:zoe greet:{a} scopes=formal a=use", "greet", "g, scope:formal, scope:greet"},
		{"user:zoe {a} scopes=formal a=greet", "greet:use", "g, scope:formal, scope:greet:use"},
	} {
		who, asked, v := parseQuestion(t, tt.question)
		p := compiled(t, Source{}, "p, anyone, greet, use, allow\n"+tt.link, Options{Declared: []Requirement{need(t, tt.declared, "")}})
		wantAllowed(t, p.Decide(who, asked, v))
		if diff := cmp.Diff([]int{1, 2}, lines(p, who, asked, v)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.question, diff)
		}
	}
}

// TestPolicy_Evidence_Model asks a policy under another model, where Casbin says which row decided.
func TestPolicy_Evidence_Model(t *testing.T) {
	p := compiled(t, custom("regexMatch(r.obj, p.obj) && regexMatch(r.act, p.act)"), `p, role:reader, ^n, ^read$, allow
g, user:alice, role:reader
p, client:evil, ^notes$, .*, deny
`, Options{})
	for question, want := range map[string][]int{
		"user:alice notes:read scopes=notes:read":             {1, 2},
		"user:alice notes:read scopes=notes:read client=evil": {1, 2, 3},
		"client:evil notes:read scopes=notes:read":            {3},
	} {
		who, need, v := parseQuestion(t, question)
		if diff := cmp.Diff(want, lines(p, who, need, v)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", question, diff)
		}
	}
}

// TestPolicy_Evidence_DecidesAlone asks random policies random questions, and then policies of nothing but the evidence.
func TestPolicy_Evidence_DecidesAlone(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 26))
	for range 120 {
		rows := randomRows(r)
		o := Options{Declared: []Requirement{
			need(t, "notes:read", ""), need(t, "notes:write", "notes:delete"), need(t, "greet", ""),
			need(t, "table/{t}:read", ""), need(t, "notes:read,greet", "notes:read,notes:write"),
		}}
		p, err := Compile(Source{}, source(rows), o)
		if err != nil {
			continue
		}
		for range 25 {
			who, op, v := randomCaller(r), o.Declared[r.IntN(len(o.Declared))], values(map[string]string{"t": pick(r, "orders", "users", "o")})
			var alone strings.Builder
			for _, row := range p.Evidence(who, op, v) {
				alone.WriteString(row.Text + "\n")
			}
			same, _ := compile(Source{}, source(alone.String()), o) // without any rows it has a finding, and decides all the same
			want, got := p.Decide(who, op, v), same.Decide(who, op, v)
			if want.Reason() != got.Reason() || want.Permission() != got.Permission() || want.Door() != got.Door() {
				t.Fatalf("seed %d: %s %s, by its evidence alone %s %s\n%+v %+v\n%s\nof\n%s", seed,
					want.Reason(), want.Permission(), got.Reason(), got.Permission(), who, op, &alone, rows)
			}
		}
	}
}
