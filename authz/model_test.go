package authz

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestModel_AsksCaller(t *testing.T) {
	for match, want := range map[string]bool{
		"g(r.sub, p.sub)": true,
		"g(r.sub, p.sub) && keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act)":        true,
		"r.obj == p.obj && g( r.sub , p.sub ) && (r.act == p.act || p.act == 'all')": true,
		"g(r.sub, p.sub) && r.obj == p.obj || g(r.sub, p.sub) && p.obj == 'all'":     true,
		"g(r.sub, p.sub) && r.obj == 'a || b'":                                       true,
		"r.sub == p.sub":                                                             false,
		"!g(r.sub, p.sub) && r.obj == p.obj":                                         false,
		"g(r.sub, p.sub) || true":                                                    false,
		"g(r.sub, p.sub) && r.obj == p.obj || r.sub == 'root'":                       false,
		"(g(r.sub, p.sub) || true) && r.obj == p.obj":                                false,
		"g(r.sub, p.sub) == false && r.obj == p.obj":                                 false,
		"g(r.sub, p.sub) && true ? true : true":                                      false,
		"g(r.sub, p.sub) && true, true":                                              false,
		"'g(r.sub, p.sub)' == 'g(r.sub, p.sub)'":                                     false,
		`"&& g(r.sub, p.sub) &&" != ''`:                                              false,
		"g(p.sub, r.sub)":                                                            false,
		"g2(r.sub, p.sub)":                                                           false,
		"xg(r.sub, p.sub) && true":                                                   false,
		"":                                                                           false,
	} {
		if got := asksCaller(match); got != want {
			t.Errorf("asksCaller(%s) = %t", match, got)
		}
	}
}

func TestModel_Accepted(t *testing.T) {
	policy := "p, user:alice, notes, read, allow\np, user:bob, notes, read, deny\n"
	read := need(t, "notes:read", "")
	for _, match := range []string{
		"keyMatch2(r.obj, p.obj) && r.act == p.act",
		"globMatch(r.obj, p.obj) && regexMatch(r.act, p.act)",
		`r.obj == p.obj && r.act in ("read", "(")`,
		"(keyMatch5(r.obj, p.obj)) && keyGet(r.obj, p.obj) == ''",
		`r.obj != 'a || b' && r.act != "b"`,
	} {
		p := compiled(t, custom(match), policy, Options{})
		if p.Textbook() {
			t.Errorf("%s is taken for the textbook model", match)
		}
		wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
		wantDenied(t, p.Decide(user("bob", "notes:read"), read, nil), DoorTwo, ReasonPermissionDenied)
	}
	p := compiled(t, custom(" keyMatch(r.obj,p.obj)  &&\tkeyMatch( r.act, p.act ) # the textbook"), policy, Options{})
	if !p.Textbook() {
		t.Error("white space and comments make another model")
	}
}

func TestModel_RefusedAtLoad(t *testing.T) {
	policy := "p, user:alice, notes, read, allow\n"
	for match, want := range map[string]string{
		"nosuch(r.obj, p.obj)":            "the matcher fails on an ordinary request",
		"r.dom == p.dom":                  "the matcher fails on an ordinary request",
		"r.obj > 3":                       "the matcher fails on an ordinary request",
		"r.obj ==":                        "the matcher fails on an ordinary request",
		"(r.obj == p.obj":                 "the matcher fails on an ordinary request",
		"keyMatch((r.obj, p.obj) && true": "the matcher fails on an ordinary request",
		"true && keyMatch(r.obj":          "the matcher fails on an ordinary request",
		"ipMatch(r.obj, p.obj)":           "the matcher fails on an ordinary request",
		"false && ipMatch(r.obj, p.obj)":  "the matcher fails on an ordinary request",
		"r.obj.Name == 'x'":               "the matcher fails on an ordinary request",
		"keyMatch(r.obj)":                 "the matcher fails on an ordinary request",
		`r.obj != "a' || 'b' == "b"`:      "a text that holds the other kind of quote",
		`r.obj != 'a" || "b" == 'b'`:      "a text that holds the other kind of quote",
		"'text'":                          "the matcher fails on an ordinary request",
	} {
		found := refused(t, custom(match), policy, Options{})
		if len(found) != 1 || !strings.Contains(found[0].Reason, want) || found[0].Line != 10 || found[0].Column != 1 || strings.Contains(found[0].Reason, "\n") {
			t.Errorf("%s: %v", match, found)
		}
	}
	for text, want := range map[string]string{
		"":                                      "the definition of m in [matchers] is missing",
		"\ufeff" + string(textbookFile()):       "byte order mark",
		"\u00a0" + string(textbookFile()):       "white-space character",
		string(textbookFile()) + " && \\":       "the last line goes on",
		string(textbookFile()) + "\n[x]\ny = 1": "never asked in this section",
		string(textbookFile()) + "\nm = true":   "a second definition",
	} {
		found := refused(t, modelSource(text), policy, Options{})
		if all := (&LintError{found}).Error(); !strings.Contains(all, want) {
			t.Errorf("%q: %s; want %s", text, all, want)
		}
	}
	if p := compiled(t, modelSource(string(textbookFile())), policy, Options{}); !p.Textbook() {
		t.Error("the repaired twin")
	}
}

// textbookFile is the textbook model as a file, without a line end.
func textbookFile() []byte {
	return []byte(strings.TrimSuffix(string(custom("keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act)").Data), "\n"))
}

func TestOptions_Aliases(t *testing.T) {
	for _, aliases := range [][]string{{"a", "a"}, {"a", ""}, {"a/b", "c"}} {
		if found := refused(t, Source{}, allowRow, Options{Aliases: aliases}); len(found) != 1 || !strings.Contains(found[0].Reason, "alias") {
			t.Errorf("%q: %v", aliases, found)
		}
	}
	for _, aliases := range [][]string{nil, {""}, {"x y"}, {"a", "b"}} {
		compiled(t, Source{}, allowRow, Options{Aliases: aliases})
	}
}

func TestRevision(t *testing.T) {
	a := compiled(t, Source{}, allowRow, Options{})
	if len(a.Revision()) != 12 || a.Revision() != compiled(t, Source{}, allowRow, Options{}).Revision() {
		t.Errorf("revision %q", a.Revision())
	}
	if a.Revision() == compiled(t, Source{}, allowRow+"\n", Options{}).Revision() ||
		a.Revision() == compiled(t, modelSource(string(textbookFile())), allowRow, Options{}).Revision() {
		t.Error("another file has the same revision")
	}
	if revision([]byte("ab"), []byte("c")) == revision([]byte("a"), []byte("bc")) {
		t.Error("a byte moved from one file to the other unseen")
	}
	if a.String() != "policy "+a.Revision() {
		t.Error(a)
	}
	d := a.Decide(user("alice", "notes:read"), need(t, "notes:read", ""), nil)
	if d.Revision() != a.Revision() {
		t.Error("the decision has another revision")
	}
}

func TestFinding_String(t *testing.T) {
	for want, f := range map[string]Finding{
		`a.csv:3:7: error: bad (found "x\u200b\u00a0\u0435"); do this`: {File: "a.csv", Line: 3, Column: 7, Found: "x\u200b\u00a0\u0435", Reason: "bad", Fix: "do this"},
		`a.csv: warning: odd`: {Severity: SeverityWarning, File: "a.csv", Reason: "odd"},
	} {
		if diff := cmp.Diff(want, f.String()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWarnings_AreKept(t *testing.T) {
	p := compiled(t, Source{}, allowRow+allowRow, Options{})
	if w := p.Warnings(); len(w) != 1 || w[0].Severity != SeverityWarning || w[0].Line != 2 {
		t.Error(w)
	}
	if found := Lint(Source{}, source(allowRow), Options{}); found != nil {
		t.Error(found)
	}
}

func TestRunesAreNamed(t *testing.T) {
	for r, want := range map[rune]string{'\t': "a tab", 0xfffd: "a byte sequence that is not UTF-8", 0x200b: "an invisible character"} {
		if got := runeTitle(r); got != want {
			t.Errorf("%U: %s", r, got)
		}
	}
}
