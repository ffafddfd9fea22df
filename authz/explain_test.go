package authz

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestExplain_Data explains the questions of testdata/explain, one after the other, in words and then as JSON. A question is a
// line as in testdata/decide, without an answer.
func TestExplain_Data(t *testing.T) {
	for _, b := range bundles(t, "testdata/explain/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(b.path), ".txtar"), func(t *testing.T) {
			p := compiled(t, b.model(), b.sections["policy.csv"], b.options(t))
			var words, data strings.Builder
			for line := range strings.Lines(b.sections["questions"]) {
				who, need, v := parseQuestion(t, line)
				e := p.Explain(who, need, v)
				fmt.Fprintf(&words, "? %s\n%s\n\n", strings.TrimSpace(line), e)
				text, err := json.MarshalIndent(e, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&data, "? %s\n%s\n\n", strings.TrimSpace(line), text)
			}
			b.check(t, "words", words.String())
			if _, wanted := b.sections["json"]; wanted {
				b.check(t, "json", data.String())
			}
		})
	}
}

// TestExplain_WhateverIsAsked explains what there is nothing to explain of.
func TestExplain_WhateverIsAsked(t *testing.T) {
	read, note := need(t, "notes:read", ""), need(t, "note/{id}:read", "")
	p := compiled(t, Source{}, allowRow, Options{Declared: []Requirement{read, note}})
	broken := unasked(compiled(t, custom("keyMatch2(r.obj, p.obj) && r.act == p.act"), allowRow, Options{}))
	broken.casbin.model = textbookModel()
	broken.casbin.model["g"] = "_"
	panics := func(string) (string, bool) { panic("no value") }
	alice := user("alice", "notes:read")
	for name, e := range map[string]Explanation{
		"no_policy":      (*Policy)(nil).Explain(alice, read, nil),
		"no_principal":   p.Explain(Principal{}, read, nil),
		"no_requirement": p.Explain(alice, Requirement{}, nil),
		"policy_error":   p.Explain(alice, note, panics),
		"placeholder":    p.Explain(alice, note, nil),
		"undecided":      {Reason: ReasonUndecided, Door: DoorTwo},
	} {
		if text := e.String(); e.Allowed || string(e.Reason) != name || !strings.Contains(text, "DENIED at door two ("+name+")") {
			t.Errorf("%s: %s", name, text)
		}
	}
	e := broken.Explain(alice, read, nil)
	if text := e.String(); e.Reason != ReasonPolicyError || !strings.Contains(text, "could not be decided") {
		t.Errorf("a model that does not load any more: %s", text)
	}
	if x := (&explainer{policy: broken, who: &alice}); len(x.allowing(read.permissions[0].plain)) > 0 {
		t.Error("a model that does not load matches a row")
	}
	if e := p.Explain(alice, read, nil); !e.Allowed {
		t.Errorf("the twin: %s", e)
	}
}

// TestExplain_AsksOnce: a request that changes its mind is explained as it was decided.
func TestExplain_AsksOnce(t *testing.T) {
	note := need(t, "note/{id}:read", "")
	p := compiled(t, Source{}, "p, user:alice, note/1, read, allow\n", Options{Declared: []Requirement{note}})
	asked := 0
	e := p.Explain(user("alice", "note/1:read"), note, func(string) (string, bool) {
		asked++
		return fmt.Sprint(asked), true
	})
	if asked != 1 || !e.Allowed || e.Permissions[0].Permission != "note/1:read" || e.Placeholders[0].Value != "1" {
		t.Errorf("asked %d times:\n%s", asked, e)
	}
}

// TestExplain_NothingLeavesItsLine has names and values that try to look like something else.
func TestExplain_NothingLeavesItsLine(t *testing.T) {
	note := need(t, "note/{id}:read", "")
	p := compiled(t, Source{}, "p, role:b\u00f6ss, note/*, read, allow\n", Options{Declared: []Requirement{note}})
	for _, hostile := range []string{
		"bob, role:b\u00f6ss\np, anyone, *, *, allow", "a\r\nALLOWED", "\x1b[31mred", "\u202eevil", "\x00\x7f", "\xff\xfe", "\u200b", "b\u043eb",
		"bob  has role:admin", "bob, role:admin", "bob > role:admin", strings.Repeat("x", 1<<20), "bob ", "b*b", "b\"b",
	} {
		who := user(hostile, hostile)
		who.Groups = []string{hostile}
		e := p.Explain(who, note, values(map[string]string{"id": hostile}))
		if text := e.String(); strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }) || strings.Contains(text, "\nALLOWED") || len(text) > 4096 {
			t.Errorf("%.40q: %.4096q", hostile, text)
		}
		e = p.Explain(who, note, values(map[string]string{"id": "1"}))
		text := e.String()
		if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }) || len(text) > 4096 {
			t.Errorf("%.40q: %.4096q", hostile, text)
		}
		if len(e.Permissions) == 0 || len(e.Permissions[0].Add) > 0 && hostile != "b\u043eb" || strings.Contains(text, "  p, anyone") {
			t.Errorf("%.40q is written into a row: %.4096s", hostile, text)
		}
	}
	if e := p.Explain(user("bob"), note, values(map[string]string{"id": "1"})); len(e.Permissions[0].Add) != 2 {
		t.Errorf("the twin: %q", e.Permissions[0].Add)
	}
}

// TestExplain_AdviceIsLoadable: a row that the loader would refuse is no advice, and neither is one that would not help.
func TestExplain_AdviceIsLoadable(t *testing.T) {
	read := need(t, "notes:read", "")
	long := strings.NewReplacer("user:alice", "role:r0", "notes, read", "notes, list").Replace(chain(9)) + "p, role:r0, notes, read, allow\n"
	for name, tt := range map[string]struct {
		policy string
		want   string
	}{
		"a chain that is too long": {long, "p, user:zoe, notes, read, allow"},
		"a chain that is not":      {strings.Replace(long, "g, role:r8, role:r9\n", "", 1), "g, user:zoe, role:r0"},
	} {
		e := compiled(t, Source{}, tt.policy, Options{Declared: []Requirement{read}}).Explain(user("zoe"), read, nil)
		if add := e.Permissions[0].Add; len(add) == 0 || add[0] != tt.want {
			t.Errorf("%s: %q, want %q first\n%s", name, add, tt.want, e)
		}
	}
	model := custom("(r.obj == p.obj || regexMatch(r.obj, p.obj)) && r.act == p.act")
	odd := need(t, "a(b:read", "")
	e := compiled(t, model, allowRow, Options{}).Explain(user("zoe"), odd, nil)
	if len(e.Permissions[0].Add) > 0 {
		t.Errorf("a row that the model cannot evaluate: %q", e.Permissions[0].Add)
	}
	act := compiled(t, custom("r.obj == p.obj && regexMatch(r.act, p.act)"), allowRow, Options{})
	if e = act.Explain(user("zoe"), need(t, "notes:a+b", ""), nil); len(e.Permissions[0].Add) > 0 {
		t.Errorf("a row that does not match itself: %q", e.Permissions[0].Add)
	}
	if e = act.Explain(user("zoe"), need(t, "notes:ab", ""), nil); len(e.Permissions[0].Add) != 1 {
		t.Errorf("the twin: %q", e.Permissions[0].Add)
	}
	if e = compiled(t, model, allowRow, Options{}).Explain(user("zoe"), read, nil); len(e.Permissions[0].Add) != 1 {
		t.Errorf("the twin: %q", e.Permissions[0].Add)
	}
}

// TestPolicy_WithOneRow: what is joined to a policy is one row that says what it should.
func TestPolicy_WithOneRow(t *testing.T) {
	p := compiled(t, Source{}, allowRow, Options{})
	for _, name := range []string{"user:bob, role:x\ng, user:eve", "user:bob\n# ", "user:bob "} {
		if p.with(rowLink, []string{name, "role:x"}) != nil {
			t.Errorf("%q is more or less than a name", name)
		}
	}
	if p.with(rowLink, []string{"user:bob", "role:x"}) == nil {
		t.Error("the twin")
	}
}
