package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/internal/doctor"
)

var update = flag.Bool("update", false, "rewrite golden files and the table in docs/doctor.md")

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is out of date; run `go test ./internal/doctor -update` (-file +got)\n%s", file, diff)
	}
}

// still makes a report the same every time: the clock stands.
func still(o *doctor.Options) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { return now }
	o.Token = ""
}

// careless is a server as one finds them: the check is there, and little else.
func careless(q *question, a *answer) {
	a.header.Del("X-Content-Type-Options")
	a.header.Set("X-Powered-By", "Express")
	switch {
	case q.is("initialize"), q.is("server/discover"):
		q.open(a)
	case q.Header.Get("Origin") != "":
		*a = plain(401, "")
		a.header.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case a.status == 401:
		a.header.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case strings.HasPrefix(q.path, "/.well-known/oauth-protected"):
		a.edit("resource", "https://internal:8080/mcp")
	}
}

// TestGolden keeps what is printed: for a good server and a careless one, in short, in full, and as JSON.
func TestGolden(t *testing.T) {
	good := fake{secure: true, host: "example.com", adjust: still}
	bad := fake{secure: true, host: "example.com", adjust: still, change: careless}
	for name, f := range map[string]*fake{"good": &good, "careless": &bad} {
		report := examine(t, f)
		golden(t, "testdata/"+name+".txt", text(t, report, false))
		if name == "good" {
			golden(t, "testdata/good-verbose.txt", text(t, report, true))
			continue
		}
		var b bytes.Buffer
		out := json.NewEncoder(&b)
		out.SetIndent("", "  ")
		if err := out.Encode(report); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/careless.json", b.String())
		var back doctor.Report
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || !cmp.Equal(&back, report) {
			t.Errorf("the JSON is not the report: %v", err)
		}
	}
}

func TestSeverityAsText(t *testing.T) {
	var s doctor.Severity
	if s.UnmarshalText([]byte("awful")) == nil || doctor.Severity(9).String() != "severity 9" {
		t.Error("a severity that is none")
	}
}

// TestHeadlines says in words what there is of a gate.
func TestHeadlines(t *testing.T) {
	for want, f := range map[string]fake{
		"closed": {}, "asks nobody": opened(func(q *question) bool { return q.path == "/mcp" }), "holes": opened(method("tools/call")),
		"No gate and no MCP server": status(404, func(*question) bool { return true }),
	} {
		if got := examine(t, &f).Headline(); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestNowhereToWrite(t *testing.T) {
	if (&doctor.Report{}).WriteText(full{}, bare{}, false) == nil {
		t.Error("written to nowhere")
	}
}

// TestTableOfChecks keeps ids and texts in shape, and docs/doctor.md in step with them.
func TestTableOfChecks(t *testing.T) {
	seen := map[string]bool{}
	var table strings.Builder
	table.WriteString("| check | what is right | at worst | clause |\n| --- | --- | --- | --- |\n")
	for _, c := range doctor.Checks() {
		if seen[c.ID] || strings.Trim(c.ID, "abcdefghijklmnopqrstuvwxyz_.") != "" || strings.Count(c.ID, ".") != 1 || c.Group() == "" {
			t.Errorf("a bad id, or one that was there before: %q", c.ID)
		}
		seen[c.ID] = true
		if c.Worst < doctor.Note || c.Title == "" || c.Clause == "" || !strings.HasSuffix(c.Why, ".") || !strings.HasSuffix(c.Mend, ".") && !strings.HasSuffix(c.Mend, "]") {
			t.Errorf("%s does not say everything: %+v", c.ID, c)
		}
		table.WriteString("| `" + c.ID + "` | " + c.Title + " | " + c.Worst.String() + " | " + c.Clause + " |\n")
	}
	const page, begin, end = "../../docs/doctor.md", "<!-- begin checks -->\n", "<!-- end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), begin)
	_, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no table of checks", page)
	}
	golden(t, page, before+begin+table.String()+end+after)
}
