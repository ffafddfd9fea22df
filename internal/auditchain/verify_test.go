package auditchain

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// TestL04_EveryChangeIsFound changes one thing of a random log and expects the verifier to see it. The untouched log is fine.
func TestL04_EveryChangeIsFound(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for round := range 3000 {
		text := random(r).String()
		if report, _ := verify(t, text); report.Total != 0 {
			t.Fatalf("seed %d, round %d: an untouched log has faults:\n%s%s", seed, round, told(report), text)
		}
		what, changed := change(r, text)
		if changed == text {
			continue
		}
		// A file that begins with an opening goes on with an older one, or has lost its start: the report says that it goes on.
		if report, _ := verify(t, changed); report.Total == 0 && report.Continues == nil {
			t.Fatalf("seed %d, round %d: %s was not found:\n%s\nwas\n%s", seed, round, what, changed, text)
		}
	}
}

// change does one thing to a text that is no cut at its end.
func change(r *rand.Rand, text string) (string, string) {
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	lines[len(lines)-1] += "\n"
	i := r.IntN(len(lines) - 1) // not the last one
	at := r.IntN(len(text) - 1)
	switch r.IntN(9) {
	case 0:
		return fmt.Sprintf("another byte at %d", at), text[:at] + string(text[at]^byte(1+r.IntN(127))) + text[at+1:]
	case 1:
		return fmt.Sprintf("no byte at %d", at), text[:at] + text[at+1:]
	case 2:
		return fmt.Sprintf("one more byte at %d", at), text[:at] + string(rune(' '+r.IntN(90))) + text[at:]
	case 3:
		return fmt.Sprintf("line %d gone", i+1), strings.Join(slices.Delete(lines, i, i+1), "")
	case 4:
		j := r.IntN(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
		return fmt.Sprintf("lines %d and %d swapped", i+1, j+1), strings.Join(lines, "")
	case 5:
		j := r.IntN(len(lines))
		return fmt.Sprintf("line %d again behind %d", i+1, j+1), strings.Join(slices.Insert(lines, j+1, lines[i]), "")
	case 6:
		end := at + 1 + r.IntN(len(text)-at-1)
		return fmt.Sprintf("no bytes from %d to %d", at, end), text[:at] + text[end:]
	case 7:
		j := i + r.IntN(len(lines)-1-i)
		return fmt.Sprintf("lines %d to %d gone", i+1, j+1), strings.Join(slices.Delete(lines, i, j+1), "")
	default:
		return fmt.Sprintf("a foreign line behind %d", i+1), strings.Join(slices.Insert(lines, i+1, `{"time":"x"}`+"\n"), "")
	}
}

func TestL04_FaultsAreNamed(t *testing.T) {
	good := simple(7).String()
	lines := strings.SplitAfter(good, "\n")
	lines = lines[:len(lines)-1]
	join := func(parts ...[]string) string { return strings.Join(slices.Concat(parts...), "") }
	edit := func(line int, old, by string) string {
		changed := slices.Clone(lines)
		changed[line-1] = strings.Replace(changed[line-1], old, by, 1)
		if changed[line-1] == lines[line-1] {
			t.Fatalf("line %d holds no %q", line, old)
		}
		return join(changed)
	}
	torn := simple(3)
	torn.tear()
	torn.record("next")
	for _, c := range []struct{ name, text, want string }{
		{"untouched", good, ""},
		{"a torn line that the chain accounts for", torn.String(), ""},
		{"edited", edit(3, "allow", "deny_"), "3 edited: the line is not as it was written\n"},
		{"an edited number", edit(4, `"seq":4`, `"seq":9`), "4 edited: the line is not as it was written\n"},
		{"a lower number", edit(4, `"seq":4`, `"seq":2`), "4 edited: the line is not as it was written\n"},
		{"an edited link", edit(4, `"chain":"`+lines[3][len(lines[3])-67:][:3], `"chain":"000`), "4 edited: the line is not as it was written\n"},
		{"two neighbours edited", strings.Replace(edit(3, "allow", "deny_"), "tool2", "toolX", 1),
			"3 edited: the line is not as it was written\n4 edited: the line is not as it was written\n"},
		{"the first line edited", edit(1, "audit", "adit"), "1 edited: the line is not as it was written\n"},
		{"the last line edited", edit(8, "tool", "tolo"), "8 edited: the line is not as it was written\n"},
		{"one gone", join(lines[:3], lines[4:]), "4 missing: the line in front of it, with seq 4, is gone\n"},
		{"three gone", join(lines[:2], lines[5:]), "3 missing: 3 lines in front of it, with seq 3 to 5, are gone\n"},
		{"the first gone", join(lines[1:]), "1 missing: the line in front of it, with seq 1, is gone\n"},
		{"swapped", join(lines[:3], lines[4:5], lines[3:4], lines[5:]), "4 reordered: the line with seq 5 was written to another place\n"},
		{"moved back", join(lines[:2], lines[3:6], lines[2:3], lines[6:]), "6 reordered: the line with seq 3 was written to another place\n"},
		{"moved forward", join(lines[:2], lines[5:6], lines[2:5], lines[6:]), "3 reordered: the line with seq 6 was written to another place\n"},
		{"twice", join(lines[:5], lines[3:4], lines[5:]), "6 repeated: the line with seq 4 is there once more, or was never written\n"},
		{"a start twice", join(lines[:4], lines[:1], lines[4:]), "5 repeated: the line with seq 1 is there once more, or was never written\n"},
		{"early and again", join(lines[:2], lines[5:6], lines[2:]), "3 repeated: the line with seq 6 is there once more, or was never written\n"},
		{"cut off", good[:len(good)-9], "8 cut off: the last line has no end: a write was cut off, or the file was\n"},
		{"no end", good[:len(good)-1], "8 cut off: the last line has no end: a write was cut off, or the file was\n"},
		{"no JSON", join(lines[:3], []string{"{\"time\n"}, lines[3:]), "4 not JSON: no record, and no write that failed explains it\n"},
		{"no JSON at the end", good + "x\n", "9 not JSON: no record, and no write that failed explains it\n"},
		{"no chain", join(lines[:3], []string{`{"time":"x"}` + "\n"}, lines[3:]), "4 no chain: a line of JSON without a place in the chain\n"},
		{"no chain at all", "{}\n", "1 no chain: a line of JSON without a place in the chain\n"},
	} {
		report, _ := verify(t, c.text)
		if diff := cmp.Diff(c.want, told(report)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if report.Total != len(report.Faults) {
			t.Errorf("%s: %d faults, counted as %d", c.name, len(report.Faults), report.Total)
		}
	}
}

func TestReportSaysWhatAFileHolds(t *testing.T) {
	b := newBook()
	b.tear() // the first write of all
	b.open()
	b.record("a")
	b.lost(12)
	b.tear()
	b.lost(1)
	b.open() // a process goes on
	b.record("b")
	fresh := newBook() // a process that could not
	fresh.hour = b.hour
	fresh.open()
	fresh.record("c")
	report, v := verify(t, b.String()+fresh.String(), b.at.Link, fresh.at.Link)
	want := &Report{
		Name: "audit", Lines: 10, First: "2026-01-02T00:02:00.000000Z", Last: "2026-01-02T00:10:00.000000Z",
		Opened: 3, Chains: 2, Torn: 2, Lost: 13, Seq: 2, Head: fresh.at.Link.String(), Faults: []Fault{},
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if missing := v.Missing(); len(missing) > 0 {
		t.Errorf("links of the file are missing: %v", missing)
	}
}

// TestL04_AHeadThatWasKeptTellsWhatIsGone: without it, a file that was cut at the end of a line, or written anew, is a good file.
func TestL04_AHeadThatWasKeptTellsWhatIsGone(t *testing.T) {
	b := simple(5)
	kept := b.at.Link
	b.record("later")
	text := b.String()
	cut := strings.SplitAfterN(text, "\n", 5)
	anew := simple(4)
	anew.record("other")
	for name, c := range map[string]struct {
		text  string
		found bool
	}{
		"untouched": {text, true},
		"cut":       {strings.Join(cut[:4], ""), false},
		"anew":      {anew.String(), false},
	} {
		report, v := verify(t, c.text, kept)
		if found := len(v.Missing()) == 0; report.Total != 0 || found != c.found {
			t.Errorf("%s: %d faults, found %v", name, report.Total, found)
		}
	}
	// One that is in a line which is not as it was written counts for nothing.
	if _, v := verify(t, strings.Replace(text, "tool4", "tool5", 1), kept); len(v.Missing()) != 1 {
		t.Error("the link of an edited line counts")
	}
}

func TestFilesOfOneChain(t *testing.T) {
	b := simple(3)
	first := b.String()
	b.Reset()
	b.open()
	b.record("second")
	second := b.String()
	b.Reset()
	b.record("no opening") // as a container's log is rotated by somebody else
	third := b.String()
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"in order", []string{first, second, third}, "0 0 0"},
		{"from the second", []string{second, third}, "0 0"},
		{"the second is gone", []string{first, third}, "0 1"},
		{"the third alone", []string{third}, "1"},
		{"in another order", []string{second, first}, "0 0"}, // a chain of its own, and another start
		{"the end of the first was cut off", []string{first + `{"time":`, second}, "1 0"},
		{"the end of the first is gone", []string{first[:len(first)/2], second}, "1 1"},
	} {
		v := NewVerifier()
		var got []string
		for i, text := range c.files {
			report, err := v.File("f", strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(report.Total))
			if (report.Continues != nil) != (i == 0 && text == second) {
				t.Errorf("%s: file %d continues %v", c.name, i, report.Continues)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v faults, want %s", c.name, got, c.want)
		}
	}
}

func TestFaultsAreBounded(t *testing.T) {
	report, _ := verify(t, strings.Repeat("x\n{}\n", 5000))
	if len(report.Faults) != maxFaults || report.Total != 10_000 {
		t.Errorf("%d faults of %d", len(report.Faults), report.Total)
	}
	long := simple(2)
	report, _ = verify(t, long.String()+strings.Repeat("y", 3*maxLine)+"\n")
	if diff := cmp.Diff("4 not JSON: no record, and no write that failed explains it\n", told(report)); diff != "" {
		t.Error(diff)
	}
	broken := errors.New("broken")
	if _, err := NewVerifier().File("f", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("an error of reading became %v", err)
	}
	if _, err := NewVerifier().File("f", io.MultiReader(strings.NewReader(long.String()), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("an error of reading became %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(simple(3).String())
	f.Add(random(rand.New(rand.NewPCG(1, 2))).String())
	f.Add("{}\nx")
	f.Add(`{"seq":1,"chain":"` + strings.Repeat("0", 64) + `"}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		report, _ := verify(t, text)
		lines := strings.Count(text, "\n")
		if text != "" && !strings.HasSuffix(text, "\n") {
			lines++
		}
		if report.Lines != lines {
			t.Errorf("%d lines of %d", report.Lines, lines)
		}
		if len(report.Faults) > report.Total || len(report.Faults) > maxFaults {
			t.Errorf("%d faults, counted as %d", len(report.Faults), report.Total)
		}
		for _, fault := range report.Faults {
			if fault.Line < 1 || fault.Line > report.Lines || fault.Kind == "" {
				t.Errorf("a fault %+v of %d lines", fault, report.Lines)
			}
		}
		// What has no fault is a chain: nobody but who writes the whole of it makes one.
		if report.Total == 0 && report.Lines > 0 && report.Opened+report.Chains == 0 {
			t.Errorf("%q has no chain and no fault", text)
		}
	})
}
