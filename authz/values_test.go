package authz

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seeded returns random numbers of a seed that the log names.
func seeded(t *testing.T, stream uint64) *rand.Rand {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, stream))
}

// means reports whether a Value is about a text, read as its documentation says and by nothing that made it.
func means(v Value, text string) bool {
	fits := func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return text == pattern || open && strings.HasPrefix(text, prefix)
	}
	return fits(v.Pattern) && !slices.ContainsFunc(v.Except, fits)
}

// meansAll does so for all placeholders of a request.
func meansAll(list []Value, args map[string]string) bool {
	return !slices.ContainsFunc(list, func(v Value) bool { return !means(v, args[v.Name]) })
}

// matchesRow is keyMatch for the patterns that our policies have.
func matchesRow(row Permission, p Permission) bool {
	one := func(pattern, text string) bool { return means(Value{Pattern: pattern}, text) }
	return one(row.Object, p.Object) && one(row.Action, p.Action)
}

func template(t testing.TB, text string) Template {
	t.Helper()
	tpl, err := ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// TestClasses_TellRowsApart fills random templates with random values, and checks that each value is in exactly one class and
// that the same rows match it as match the example of its class.
func TestClasses_TellRowsApart(t *testing.T) {
	r := seeded(t, 31)
	templates := []string{"t/{x}:read", "{x}", "{x}:{x}", "t/{x}/{y}:{x}", "{x}{y}:read", "{x}-{x}:a", "t/{x}:a{y}", "{x}{y}{x}:use"}
	letters := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString(pick(r, "a", "b", "a", "-", "t", "/"))
		}
		return b.String()
	}
	for range 400 {
		tpl, g := template(t, pick(r, templates...)), guesses{}
		var rows []Permission
		for range r.IntN(6) {
			rows = append(rows, Permission{pick(r, "t/", "t/", "") + letters(4) + pick(r, "", "*"), pick(r, letters(3), "read", "use", "a") + pick(r, "", "*")})
		}
		if !g.addAll([]Template{tpl}, rows) {
			t.Fatal("too many guesses for such short rows")
		}
		names := namesOf([]Template{tpl})
		for range 60 {
			args, same := map[string]string{}, map[string]string{}
			for _, name := range names {
				args[name] = pick(r, "a", "b", "-", "aa", "ab", "ba", "aab", "z", "az", "a-a")
				same[name] = exampleFor(t, g.classes(name), args[name])
			}
			got, want := Permission{}, Permission{}
			for p, v := range map[*Permission]map[string]string{&got: args, &want: same} {
				f := tpl.fill(nil, arguments{}.readAll([]Template{tpl}, values(v)))
				*p = Permission{string(f.object), string(f.action)}
			}
			for _, row := range rows {
				if matchesRow(row, got) != matchesRow(row, want) {
					t.Fatalf("%s with %v and with %v are not the same to %v of %v", tpl, args, same, row, rows)
				}
			}
		}
	}
}

func exampleFor(t *testing.T, classes []class, text string) string {
	t.Helper()
	example := ""
	for _, c := range classes {
		if !means(c.Value, c.Example) || !isValue(c.Example) {
			t.Fatalf("%q is no example of %v", c.Example, c)
		}
		if means(c.Value, text) {
			if example != "" {
				t.Fatalf("%q is in two classes of %v", text, classes)
			}
			example = c.Example
		}
	}
	if example == "" {
		t.Fatalf("%q is in no class of %v", text, classes)
	}
	return example
}

func TestClasses(t *testing.T) {
	all := func(suffix string) map[guess]bool {
		known := map[guess]bool{}
		for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-." {
			known[guess{text: string(c) + suffix, open: suffix == ""}] = true
		}
		return known
	}
	long := strings.Repeat("l", maxValue)
	with := func(known map[guess]bool, more ...guess) map[guess]bool {
		for _, is := range more {
			known[is] = true
		}
		return known
	}
	tests := []struct {
		name  string
		known map[guess]bool
		want  []string
	}{
		{"nothing known", nil, []string{"v=*: x"}},
		{"exact", with(map[guess]bool{}, guess{text: "x"}), []string{"v=* except x: y", "v=x: x"}},
		{"nested", with(map[guess]bool{}, guess{text: "or", open: true}, guess{text: "order", open: true}, guess{text: "orders"}, guess{text: "p"}),
			[]string{"v=* except or*, p: x", "v=or* except order*: orx", "v=order* except orders: orderx", "v=orders: orders", "v=p: p"}},
		{"exact and open", with(map[guess]bool{}, guess{text: "or", open: true}, guess{text: "or"}),
			[]string{"v=* except or*: x", "v=or* except or: orx", "v=or: or"}},
		{"nothing longer than a value", with(map[guess]bool{}, guess{text: long, open: true}), []string{"v=* except " + long + "*: x", "v=" + long + "*: " + long}},
		{"nothing longer than a value but it", with(map[guess]bool{}, guess{text: long, open: true}, guess{text: long}),
			[]string{"v=* except " + long + ": x", "v=" + long + ": " + long}},
	}
	for _, tt := range tests {
		var got []string
		for _, c := range (guesses{"v": tt.known}).classes("v") {
			got = append(got, c.String()+": "+c.Example)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	// Every first letter is taken.
	for name, tt := range map[string]struct {
		known   map[guess]bool
		classes int
		rest    string
	}{
		"by prefixes":                    {all(""), 65, ""},
		"by all prefixes but one":        {func() map[guess]bool { k := all(""); delete(k, guess{text: "q", open: true}); return k }(), 65, "q"},
		"by longer texts":                {all("1"), 66, "xx"},
		"by longer texts, and below one": {with(all(""), guess{text: "qq"}), 66, ""},
	} {
		classes := (guesses{"v": tt.known}).classes("v")
		rest := ""
		if classes[0].Pattern == "*" {
			rest = classes[0].Example
		}
		if len(classes) != tt.classes || rest != tt.rest {
			t.Errorf("%s: %d classes, the rest is %q", name, len(classes), rest)
		}
		exampleFor(t, classes, "qz")
	}
	// A prefix of which every next letter is taken is its own only example, unless it is taken too.
	below := map[guess]bool{{text: "p", open: true}: true}
	for is := range all("") {
		below[guess{text: "p" + is.text, open: true}] = true
	}
	if classes := (guesses{"v": below}).classes("v"); exampleFor(t, classes, "p") != "p" || len(classes) != 67 {
		t.Errorf("%d classes", len(classes))
	}
	below[guess{text: "p"}] = true
	if classes := (guesses{"v": below}).classes("v"); exampleFor(t, classes, "p") != "p" || len(classes) != 67 {
		t.Errorf("%d classes", len(classes))
	}
}

// TestTell_Bounded: what would be too much is cut, and said to be.
func TestTell_Bounded(t *testing.T) {
	known := map[guess]bool{}
	for len(known) < maxCases {
		known[guess{text: string(rune('a'+len(known)%26)) + strings.Repeat("z", len(known)/26%100) + strings.Repeat("y", len(known)/2600)}] = true
	}
	same := func([]Value) bool { return true }
	for n, want := range map[int]bool{maxCases - 1: true, maxCases: false} {
		fewer := map[guess]bool{}
		for is := range known {
			if len(fewer) < n {
				fewer[is] = true
			}
		}
		list, complete := tell(guesses{"v": fewer}, []string{"v"}, same)
		if len(list) != 1 || complete != want {
			t.Errorf("one placeholder, %d texts: %d cases, complete %t", n, len(list), complete)
		}
	}
	few := map[guess]bool{}
	for i := range 63 {
		few[guess{text: strings.Repeat("a", i+1)}] = true
	}
	if list, complete := tell(guesses{"v": few, "w": few}, []string{"v", "w"}, same); len(list) != maxCases || !complete {
		t.Errorf("two placeholders: %d cases, complete %t", len(list), complete)
	}
	few[guess{text: "b"}] = true
	if list, complete := tell(guesses{"v": few, "w": few}, []string{"v", "w"}, same); len(list) != maxCases || complete {
		t.Errorf("two placeholders, one text more: %d cases, complete %t", len(list), complete)
	}
	many, short := template(t, "{a}{b}{c}{d}:use"), Permission{strings.Repeat("a", 30), "use"}
	if (guesses{}).add(&many, Permission{strings.Repeat("a", 60), "use"}) || !(guesses{}).add(&many, short) {
		t.Error("placeholders side by side")
	}
}
