package doctor_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/internal/doctor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func decode(part string) string {
	text, _ := base64.RawURLEncoding.DecodeString(part)
	return string(text)
}

// TestGoodServer finds nothing to say about a server that is right in everything, with and without TLS.
func TestGoodServer(t *testing.T) {
	for _, secure := range []bool{false, true} {
		f := fake{secure: secure}
		report := examine(t, &f)
		for _, found := range report.Findings {
			if found.Severity > doctor.OK {
				t.Errorf("secure %t: %s: %v: %s", secure, found.ID, found.Severity, found.Seen)
			}
		}
		if report.Posture != doctor.PostureClosed || report.Unseen != 0 {
			t.Errorf("%s, %d unseen", report.Posture, report.Unseen)
		}
	}
}

// TestOneCauseIsOneFinding: what a server does with every bad token, or with every page, is said once, and what is worse is said all
// the same.
func TestOneCauseIsOneFinding(t *testing.T) {
	bad := func(q *question) bool { return strings.HasPrefix(q.bad(), "Bearer ") }
	var report *doctor.Report
	for _, f := range []fake{status(500, bad), opened(bad)} {
		report = examine(t, &f)
		if report.Counts.Problems != 1 || finding(report, "token.garbage").Severity != doctor.Problem {
			t.Errorf("%v\n%s", report, text(t, report, false))
		}
	}
	unsigned := changed(func(q *question, a *answer) {
		switch {
		case badJWT(func(header, _ string) bool { return strings.Contains(header, `"none"`) })(q):
			q.open(a)
		case q.bad() != "":
			a.say(500, "")
		}
	})
	if got := finding(examine(t, &unsigned), "token.unsigned"); got.Severity != doctor.Problem {
		t.Errorf("%+v", got)
	}
	pages := opened(func(q *question) bool { return q.path == "/mcp" && q.Header.Get("Origin") != "" })
	report = examine(t, &pages)
	if finding(report, "origin.foreign").Severity != doctor.Problem || finding(report, "origin.null").Seen != "see origin.foreign" {
		t.Errorf("%s", text(t, report, false))
	}
}
