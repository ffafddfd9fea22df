package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// measured are results as they could be: everything at its bar.
func measured() results {
	r := results{
		options:  options{sizes: allSizes(), rounds: 3, users: 10},
		kept:     map[int]float64{},
		user:     userCost{users: 10, bytes: 300, text: 70},
		recalled: []recall{{1_000, 100_000}, {2_000, 200_000}, {4_000, 210_000}},
	}
	for i, n := range r.sizes {
		r.kept[n] = 250
		for kind, nanos := range map[string]float64{
			warmPlain: 100 + 5*float64(i)/4, warmPlaced: 200 + 10*float64(i)/4, cold: 5_000,
			byCasbin: 500 * float64(n), byCedar: 100 * float64(n), compiling: 3_000 * float64(n),
		} {
			if kind == byCasbin && n == coldRules {
				nanos = 5_000
			}
			r.lines = append(r.lines, &line{kind: kind, rules: n, samples: slices.Repeat([]sample{{nanos: nanos}}, 3)})
		}
	}
	return r
}

// change lets every sample of one line be changed.
func (r results) change(kind string, rules int, change func(*sample)) {
	for _, l := range r.lines {
		if l.kind == kind && l.rules == rules {
			for i := range l.samples {
				change(&l.samples[i])
			}
		}
	}
}

func TestVerdicts(t *testing.T) {
	slower := func(s *sample) { s.nanos *= 1.01 }
	for name, c := range map[string]struct {
		change func(r *results)
		missed string // the one that is
	}{
		"everything at its bar": {func(*results) {}, ""},
		"warm above":            {func(r *results) { r.change(warmPlain, topRules, slower) }, "warm, 100,000 rules"},
		"warm between":          {func(r *results) { r.change(warmPlain, 1_000, slower) }, ""},
		"placeholder above":     {func(r *results) { r.change(warmPlaced, topRules, slower) }, "warm, {table}, 100,000 rules"},
		"an allocation": {
			func(r *results) { r.change(warmPlaced, 1_000, func(s *sample) { s.allocs = 1 }) }, "allocations of a warm decision",
		},
		"somebody else's allocation": {func(r *results) { r.change(warmPlaced, 1_000, func(s *sample) { s.allocs = 0.001 }) }, ""},
		"cold above":                 {func(r *results) { r.change(cold, coldRules, slower) }, "cold, 100 rules"},
		"cold above elsewhere":       {func(r *results) { r.change(cold, 1_000, slower) }, ""},
		"memory grows":               {func(r *results) { r.recalled[2].bytes = 211_000 }, "memory of principals"},
		"memory seen once":           {func(r *results) { r.recalled = r.recalled[:1] }, "memory of principals"},
		"nothing is remembered":      {func(r *results) { r.recalled = []recall{{1_000, 0}, {2_000, 8}} }, ""},
		"no number":                  {func(r *results) { r.change(cold, coldRules, func(s *sample) { s.nanos = math.NaN() }) }, "cold, 100 rules"},
	} {
		t.Run(name, func(t *testing.T) {
			r := measured()
			c.change(&r)
			var missed []string
			for _, v := range r.verdicts() {
				if v.missed() {
					missed = append(missed, v.what)
				}
			}
			if got := strings.Join(missed, "; "); got != c.missed {
				t.Errorf("missed: %q, want %q", got, c.missed)
			}
			if err := r.judge(); err != nil {
				t.Errorf("without -bar: %v", err)
			}
			r.bar = true
			if err := r.judge(); errors.Is(err, errMissed) != (c.missed != "") {
				t.Errorf("with -bar: %v", err)
			}
		})
	}
}

// TestRatio compares within the rounds: a slow round of both is none of one.
func TestRatio(t *testing.T) {
	nanos := func(list ...float64) []sample {
		var s []sample
		for _, n := range list {
			s = append(s, sample{nanos: n})
		}
		return s
	}
	r := results{lines: []*line{
		{kind: warmPlain, rules: 10, samples: nanos(100, 900, 100)},
		{kind: warmPlain, rules: 20, samples: nanos(101, 918, 90)},
	}}
	got := r.ratio(warmPlain, 20, warmPlain, 10)
	if want := (spread{middle: 1.01, lowest: 0.9, highest: 1.02}); fmt.Sprintf("%.3f", got) != fmt.Sprintf("%.3f", want) {
		t.Errorf("%.3f, want %.3f", got, want)
	}
}

func TestReport(t *testing.T) {
	r := measured()
	var out bytes.Buffer
	if err := r.report(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n10       100 ns  1.000", "\n100,000  105 ns  1.050", "5.00 µs  1.000", "50.0 ms  10.0 ms  300 ms   3.00 µs   250 B\n",
		"300 B    in the compiled policy", "100 B    after 1,000 of them", "205 KiB  after 4,000 were asked about", " met\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "missed") {
		t.Errorf("a bar is missed:\n%s", &out)
	}
}

func TestReport_FailedWriter(t *testing.T) {
	if err := measured().report(&failing{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}

type failing struct{}

func (*failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestDocument(t *testing.T) {
	r := measured()
	r.doc = filepath.Join(t.TempDir(), "speed.md")
	if err := r.writeDocument(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(r.doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"](speed.svg)", "of Casbin v2.", "of cedar-go v1.", "| 100,000 | 105 ns | 5.00 µs | 50.0 ms | 10.0 ms |\n", "| cold, 100 rules | 1 | 1 to 1 | one Enforce of Casbin | 1 | met |", "| 4,000 | 205 KiB | 52.5 B |",
	} {
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("no %q in\n%s", want, data)
		}
	}
	for _, bad := range []string{"<no value>", "{{", "NaN", "Inf"} {
		if bytes.Contains(data, []byte(bad)) {
			t.Errorf("%q in\n%s", bad, data)
		}
	}
	if plot, err := os.ReadFile(strings.TrimSuffix(r.doc, ".md") + ".svg"); err != nil || string(plot) != r.plot() {
		t.Errorf("the plot beside it: %v", err)
	}
}

// TestPlot reads the plot as XML, and looks that it has all lines, labels and a background, and nothing that runs.
func TestPlot(t *testing.T) {
	elements, words := map[string]int{}, ""
	d := xml.NewDecoder(strings.NewReader(measured().plot()))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			elements[e.Name.Local]++
		case xml.CharData:
			words += string(e) + "\n"
		}
	}
	if elements["svg"] != 1 || elements["rect"] != 1 || elements["polyline"] != 4 || elements["circle"] != 20 || elements["script"] != 0 {
		t.Errorf("elements: %v", elements)
	}
	for _, want := range []string{"Sallyport, warm", "Sallyport, cold", "Casbin", "Cedar", "rules in the policy", "100,000", "100 ns", "100 ms"} {
		if !strings.Contains(words, want+"\n") {
			t.Errorf("no %q in %q", want, words)
		}
	}
}

// TestPlot_Escapes writes what has a meaning in XML.
func TestPlot_Escapes(t *testing.T) {
	var b strings.Builder
	writeText(&b, 1, 2, `fill="#000"`, `a < b & "c"`)
	var got struct {
		Text string `xml:",chardata"`
	}
	if err := xml.Unmarshal([]byte(b.String()), &got); err != nil || got.Text != `a < b & "c"` {
		t.Errorf("%q, %v", got.Text, err)
	}
}

func TestApart(t *testing.T) {
	for _, c := range []struct{ heights, want []float64 }{
		{[]float64{10, 100}, []float64{10, 100}},
		{[]float64{100, 95}, []float64{100, 83}},
		{[]float64{95, 100, 90}, []float64{83, 100, 66}},
		{[]float64{50, 50}, []float64{33, 50}},
	} {
		if got := apart(c.heights, labelGap); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.heights, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		duration(0.4):        "0.40 ns",
		duration(9.996):      "10.0 ns",
		duration(412.3):      "412 ns",
		duration(999.7):      "1.00 µs",
		duration(3_210_000):  "3.21 ms",
		duration(12e9):       "12.0 s",
		duration(5e12):       "5000 s",
		inBytes(64):          "64.0 B",
		inBytes(2048):        "2.00 KiB",
		thousands(7):         "7",
		thousands(999):       "999",
		thousands(1_000):     "1,000",
		thousands(1_234_567): "1,234,567",
		ratio(0.9954):        "0.995",
		ratio(9841.6):        "9,842",
		figure(1.0036):       "1.004",
		figure(7):            "7",
		count(0):             "0",
		count(0.001):         "0",
		count(4.25):          "4.25",
		decade(1):            "1 ns",
		decade(1e4):          "10 µs",
		decade(1e11):         "100 s",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		line string
		ok   bool
	}{
		{"", true},
		{"-bar", true},
		{"-bar -rounds 4", false},
		{"-rounds 4", true},
		{"-rounds 0", false},
		{"-bar -time 1ms", false},
		{"-time 1ms", true},
		{"-time 0s", false},
		{"-users 0", false},
		{"-sizes 10,200", true},
		{"-sizes 9,200", false},
		{"-sizes 200,10", false},
		{"-sizes 10,10", false},
		{"-sizes 10,x", false},
		{"-sizes 10,200 -bar", false},
		{"-sizes 10,200 -doc a.md", false},
		{"-doc a.md", true},
		{"-doc a.txt", false},
		{"-doc no-such-folder/a.md", false},
		{"-sizes 10,100,1000,10000,100000 -bar", true},
	} {
		if _, err := parseOptions(strings.Fields(c.line), io.Discard); (err == nil) != c.ok {
			t.Errorf("%s: %v, want ok %t", c.line, err, c.ok)
		}
	}
}

// TestBenchmark measures a little. The figures mean nothing; that every engine gave the right answers does.
func TestBenchmark(t *testing.T) {
	o := options{rounds: 2, sizes: []int{10, 100}, least: 100 * time.Microsecond, users: 100}
	var out bytes.Buffer
	if err := benchmark(o, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n10     ", "\n100    ", "\ncold, 100 rules "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}
