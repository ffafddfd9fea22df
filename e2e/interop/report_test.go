package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	doc := filepath.Join(t.TempDir(), "interop.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(doc, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(update bool) (bool, string) {
		t.Helper()
		c, o := good()
		var out bytes.Buffer
		r := report{out: &out}
		r.add(c, o, nil)
		if err := r.compare(doc, update); err != nil {
			t.Fatal(err)
		}
		return r.finish(false), out.String()
	}
	write("before\n<!-- begin seen good -->\n```\nyes\n```\n<!-- end -->\nafter\n")
	if ok, out := run(false); ok || !strings.Contains(out, "bob saw something else") {
		t.Errorf("another text: ok = %t\n%s", ok, out)
	}
	if ok, out := run(true); !ok {
		t.Errorf("-update: not ok\n%s", out)
	}
	if ok, out := run(false); !ok {
		t.Errorf("the text that -update wrote: not ok\n%s", out)
	}
	got, err := os.ReadFile(doc)
	if want := "before\n<!-- begin seen good -->\n```\nno\n\n# at a denial of something that is in no list\nno more\n```\n<!-- end -->\nafter\n"; err != nil || string(got) != want {
		t.Errorf("the document is %q (%v), want %q", got, err, want)
	}
}

func TestReportOfAClientThatWasNotRun(t *testing.T) {
	doc := filepath.Join(t.TempDir(), "interop.md")
	if err := os.WriteFile(doc, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, _ := good()
	for _, allowed := range []bool{false, true} {
		var out bytes.Buffer
		r := report{out: &out}
		r.notRun(c, "Python 3 is not installed")
		if err := r.compare(doc, false); err != nil {
			t.Fatal(err)
		}
		if ok := r.finish(allowed); ok != allowed || !strings.Contains(out.String(), "not run: Python 3 is not installed") {
			t.Errorf("allowed = %t: ok = %t\n%s", allowed, ok, out.String())
		}
	}
	if (&report{out: &bytes.Buffer{}}).finish(true) {
		t.Error("a run of no client at all is a success")
	}
}

func TestReportWantsMarkers(t *testing.T) {
	if _, err := replace([]byte("text"), "good", "x"); err == nil {
		t.Error("a document without markers is accepted")
	}
}

func TestTidy(t *testing.T) {
	text := "Please go to http://127.0.0.1:4711/authorize?code_challenge=x&state=y\nlistening on localhost:99 in /tmp/home/x\n{\"id\":4} {\\\"id\\\":12}\n"
	want := "Please go to http://127.0.0.1:8080/authorize?...\nlistening on localhost:PORT in ~/x\n{\"id\":N} {\\\"id\\\":N}"
	if got := tidy(text, "http://127.0.0.1:4711", "/tmp/home"); got != want {
		t.Errorf("tidy gives %q, want %q", got, want)
	}
}
