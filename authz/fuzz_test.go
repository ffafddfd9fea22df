package authz

import (
	"slices"
	"strings"
	"testing"

	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"
	"github.com/google/go-cmp/cmp"
)

// FuzzPolicy checks that a policy that is accepted says to Casbin's own reader what it says to ours, row by row, and that
// findings point into the file.
func FuzzPolicy(f *testing.F) {
	for _, s := range []string{
		allowRow, chain(9), chain(10), "", "#", " \n" + allowRow, "p,,,,", "\ufeff" + allowRow, "p, user:a, *, *, deny\r\ng,user:a,role:b",
		`p, "user:a", b, c, allow`, "p, user:a, b, c, deny # x", "g, role:a, role:a", "p, user:a\u00a0, b, c, allow", "\xff\xfe",
		"p\x00", "p, scope:a, b, c, deny", "p, user:a, b*c, d, allow", " # x\np, anyone, a#b, c, allow", "p, user:a, b, c, allow\rg, user:a, role:b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		found := Lint(Source{}, source(text), Options{})
		for _, finding := range found {
			if finding.Line < 0 || finding.Line > len(lines) || finding.Line > 0 && finding.Column > len([]rune(lines[finding.Line-1]))+2 {
				t.Errorf("%s is outside of the file", finding)
			}
			if strings.ContainsAny(finding.String(), "\n\r\x00") {
				t.Errorf("%q breaks its line", finding)
			}
		}
		p, err := Compile(Source{}, source(text), Options{})
		if (err != nil) != (len(only(SeverityError, found)) > 0) {
			t.Fatalf("Lint and Compile disagree: %v, %v", found, err)
		}
		if err != nil {
			return
		}
		m, err := model.NewModelFromString(string(textbookFile()))
		if err != nil {
			t.Fatal(err)
		}
		if err := stringadapter.NewAdapter(withoutBlankLines(lines)).LoadPolicy(m); err != nil {
			t.Fatalf("Casbin cannot read what we accept: %v", err)
		}
		theirs := m["p"]["p"].Policy
		ours := map[string]bool{}
		for _, r := range p.rows.rules {
			ours[rowKey(r.fields())] = true
		}
		if len(theirs) != len(ours) {
			t.Errorf("Casbin reads %d rows, we read %d", len(theirs), len(ours))
		}
		for _, r := range theirs {
			for i := range r {
				r[i] = strings.Trim(r[i], " \t\r")
			}
			if !ours[rowKey(r)] {
				t.Errorf("Casbin reads %q, we do not", r)
			}
		}
		p.Decide(user("alice", "notes:read"), need(t, "notes:read", ""), nil)
	})
}

// withoutBlankLines leaves out lines of white space only, at which Casbin's reader panics.
func withoutBlankLines(lines []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.TrimSpace(l) == "" }), "\n")
}

// FuzzModel checks that a model that is accepted means to Casbin's own reader what it means to ours.
func FuzzModel(f *testing.F) {
	good := string(textbookFile())
	for _, s := range []string{
		good, "", "[matchers]", strings.ReplaceAll(good, "\n", "\r\n"), strings.ReplaceAll(good, " && ", " && \\\n "),
		strings.ReplaceAll(good, "keyMatch", "regexMatch"), good + "# x", good + " ; y", "[a]\n[b]\nr = 1", good + "|| true",
		strings.ReplaceAll(good, " && ", " && # x \\\n"), "\xff" + good, good + "\\",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Compile(modelSource(text), source(allowRow), Options{})
		if err != nil {
			return
		}
		theirs, err := model.NewModelFromString(text)
		if err != nil {
			t.Fatalf("Casbin cannot read what we accept: %v", err)
		}
		ours := model.NewModel()
		defs := textbookModel()
		if p.casbin != nil {
			defs = p.casbin.model
		}
		for key, value := range defs {
			ours.AddDef(key, key, value)
			if diff := cmp.Diff(squeeze(theirs[key][key].Value), squeeze(ours[key][key].Value)); diff != "" {
				t.Errorf("%s: %s", key, diff)
			}
		}
	})
}

// FuzzTemplate checks that what a template accepts fills to a permission whose parts are the template's.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"notes:read", "greet", "table/{t}:read", "{a}:{b}", "a{", "}", "{a:b}", ":", "a:", "*", "a b", "\xff", "é:{x}"} {
		f.Add(s, "v-1")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		tpl, err := ParseTemplate(text)
		if err != nil {
			return
		}
		if tpl.String() != text {
			t.Errorf("%q became %q", text, tpl)
		}
		given := arguments{}.readAll([]Template{tpl}, func(string) (string, bool) { return value, true })
		if tpl.unfillable(given) != "" {
			if isValue(value) {
				t.Errorf("%q does not fit", value)
			}
			return
		}
		got := tpl.fill(nil, given)
		perm, err := ParsePermission(string(got.text))
		if err != nil || perm != (Permission{string(got.object), string(got.action)}) || string(got.scope) != "scope:"+string(got.text) {
			t.Errorf("%q filled with %q is %q, which is %v, %v; want %q, %q", text, value, got.text, perm, err, got.object, got.action)
		}
		if !tpl.couldMatch(perm.Object, perm.Action) || !tpl.couldMatch("*", "*") {
			t.Errorf("%q could not match what it fills to", text)
		}
	})
}

// FuzzPermission checks that a permission that is accepted has one spelling that is read back as itself.
func FuzzPermission(f *testing.F) {
	for _, s := range []string{"notes:read", "greet", "a:b:c", "", ":", "a:*", "a\u200bb", "a\x00", "\xff", "note://x:read"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePermission(text)
		if err != nil {
			return
		}
		again, err := ParsePermission(p.String())
		if err != nil || again != p || p.Object == "" || p.Action == "" || strings.ContainsAny(p.String(), "*, \"\n\t\x00") {
			t.Errorf("%q is %v, then %v, %v", text, p, again, err)
		}
	})
}
