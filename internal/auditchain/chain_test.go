package auditchain

import (
	"strings"
	"testing"
)

func TestResume(t *testing.T) {
	b := simple(3)
	text := b.String()
	at := b.at
	lines := strings.SplitAfter(text, "\n")
	broken := `{"time":"2026`
	for name, c := range map[string]struct {
		tail  string
		whole bool
		at    Place
		torn  string
		found bool
	}{
		"empty":                        {"", true, Place{}, "", false},
		"a whole file":                 {text, true, at, "", true},
		"the end of one":               {text[20:], false, at, "", true},
		"half a line at the end":       {text + broken, true, at, broken, true},
		"a line without its end":       {strings.TrimSuffix(text, "\n"), true, placeOf(t, lines[2]), strings.TrimSuffix(lines[3], "\n"), true},
		"one line without its end":     {strings.TrimSuffix(lines[0], "\n"), true, Place{}, strings.TrimSuffix(lines[0], "\n"), true},
		"a torn line that was ended":   {text + broken + "\n", true, b.hasher.Ended(at, []byte(broken)), "", true},
		"lines without a chain":        {"{}\n{}\n", true, Place{}, "", false},
		"a cut line alone is no start": {lines[1][3:], false, Place{}, "", false},
	} {
		place, torn, found := Resume([]byte(c.tail), c.whole)
		if found != c.found || string(torn) != c.torn || found && place != c.at {
			t.Errorf("%s: %v, %q, %v; want %v, %q, %v", name, place, torn, found, c.at, c.torn, c.found)
		}
		if !found {
			continue
		}
		// Whoever goes on from there makes a file that is in order.
		next := newBook()
		next.at = place
		next.WriteString(c.tail)
		if len(torn) > 0 {
			next.WriteString("\n")
			next.at = next.hasher.Ended(place, torn)
		}
		next.open()
		next.record("next")
		if report, _ := verify(t, next.String()); c.whole && report.Total != 0 {
			t.Errorf("%s: what goes on has faults:\n%s", name, told(report))
		}
	}
}

func placeOf(t *testing.T, line string) Place {
	t.Helper()
	e, ok := Split([]byte(strings.TrimSuffix(line, "\n")))
	if !ok {
		t.Fatalf("%q has no place in a chain", line)
	}
	return e.Place
}

func TestSplitTakesOneSpellingOnly(t *testing.T) {
	b := simple(1)
	good := strings.TrimSuffix(strings.SplitAfter(b.String(), "\n")[1], "\n")
	if e, ok := Split([]byte(good)); !ok || e.Seq != 2 || e.Link != b.at.Link || e.Opens {
		t.Errorf("%q: %+v, %v", good, e, ok)
	}
	link := b.at.Link.String()
	for _, bad := range []string{
		"", "{}", good + " ", good + "\r", " " + good, good[1:],
		strings.Replace(good, link, strings.ToUpper(link), 1), strings.Replace(good, link, link[1:], 1), strings.Replace(good, link, "g"+link[1:], 1),
		strings.Replace(good, `"seq":2`, `"seq":02`, 1), strings.Replace(good, `"seq":2`, `"seq":-2`, 1), strings.Replace(good, `"seq":2`, `"seq":`, 1),
		strings.Replace(good, `"seq":2`, `"seq":99999999999999999999`, 1), strings.Replace(good, `"seq"`, `"sex"`, 1),
	} {
		if _, ok := Split([]byte(bad)); ok {
			t.Errorf("%q has a place in a chain", bad)
		}
	}
}
