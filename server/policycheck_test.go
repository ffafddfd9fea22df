package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
)

// readyz is what /readyz answers.
func readyz(t *testing.T, s *Server) (readiness, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	s.adminHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/readyz", nil))
	var state readiness
	if err := json.Unmarshal(recorder.Body.Bytes(), &state); err != nil {
		t.Fatal(err)
	}
	return state, recorder.Body.String()
}

// TestWhoDecidesIsSaid asks the check, /readyz, the metrics and the banner, with
// the textbook model and with another.
func TestWhoDecidesIsSaid(t *testing.T) {
	own := filepath.Join(t.TempDir(), "own.conf")
	(&policyFixture{}).write(t, own, allowOnlyModel)
	for _, c := range []struct {
		model, member, check, banner string
	}{
		{"", "compiled", "the policy loads: 1 row, compiled decisions (textbook model); 0 warnings", "the textbook model, compiled"},
		{"../model.conf", "compiled", "the policy loads: 1 row, compiled decisions (textbook model); 0 warnings", "../model.conf (textbook, compiled)"},
		{
			own, "casbin", "the policy loads: 1 row, Casbin decides door two with " + own + ", at a cost that grows with the policy; 1 warning",
			own + " (Casbin; its cost grows with the policy)",
		},
	} {
		s, _ := served(t, withMetrics, func(cfg *Config) { cfg.Model = c.model })
		report, err := CheckPolicy(s.cfg)
		if err != nil || report.String() != c.check || string(report.Evaluator) != c.member || report.Model != c.model {
			t.Errorf("%s: %v, %q, want %q", c.model, err, report, c.check)
		}
		if state, text := readyz(t, s); string(state.PolicyEvaluator) != c.member || !strings.Contains(text, `"policy_evaluator":"`+c.member+`"`) {
			t.Errorf("%s: %s", c.model, text)
		}
		recorder := httptest.NewRecorder()
		s.adminHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/metrics", nil))
		if want := `sallyport_policy_info{evaluator="` + c.member + `",revision="` + s.PolicyRevision() + `"} 1`; !strings.Contains(recorder.Body.String(), want) {
			t.Errorf("%s: the metrics lack %s", c.model, want)
		}
		if !strings.Contains(s.banner(), "  model         "+c.banner+"\n") {
			t.Errorf("the banner lacks %q:\n%s", c.banner, s.banner())
		}
	}
}

// TestTheCheckCountsErrors has a policy with errors and a warning, and its twin
// without them.
func TestTheCheckCountsErrors(t *testing.T) {
	for text, want := range map[string]struct {
		report string
		rows   int
	}{
		"p, anyone, echo, use, Deny\n":                                    {"the policy has 1 error and does not load", 0},
		"p, anyone, echo, use, Deny\nq\n":                                 {"the policy has 2 errors and does not load", 0},
		"p, anyone, echo, use, deny\n# a comment\n\r\n \t# another\n \t ": {"the policy loads: 1 row, compiled decisions (textbook model); 0 warnings", 1},
	} {
		r := report(content{policy: authz.Source{Name: "policy.csv", Data: []byte(text)}}, authz.Options{})
		if r.String() != want.report || r.Rows != want.rows {
			t.Errorf("%q: %q, %d rows; want %q, %d", text, r, r.Rows, want.report, want.rows)
		}
	}
}

// TestReadyzNamesWhatIsWrongWithThePolicy: with places, without text, and ready all
// the same.
func TestReadyzNamesWhatIsWrongWithThePolicy(t *testing.T) {
	s, err := New(goodConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // the watcher was never started: the test looks
	f := &policyFixture{policyStore: s.store, policy: s.cfg.Policy, log: &strings.Builder{}}
	f.write(t, f.policy, goodPolicy+"# zqx\np, user:zqx, notes, delete, Deny\nzqx, zqx\n")
	f.settle()
	state, text := readyz(t, s)
	want := "policy stale: 2 findings, the first at " + f.policy + ":3:29; the last good policy is in force"
	if len(state.Notes) != 1 || state.Notes[0] != want || strings.Contains(text, "zqx") {
		t.Errorf("%s\nwant the note %q", text, want)
	}
	for _, reason := range state.Reasons {
		if strings.Contains(reason, "policy") {
			t.Errorf("not ready because of the policy: %s", text)
		}
	}
	f.write(t, f.policy, goodPolicy)
	f.settle()
	if state, text := readyz(t, s); len(state.Notes) != 0 {
		t.Errorf("mended: %s", text)
	}
}

func TestCheckPolicyFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	if r := CheckPolicyFiles("", ""); !r.Unread || r.Errors != 1 || r.Findings[0].File != DefaultPolicy {
		t.Errorf("no files: %+v", r)
	}
	if err := os.WriteFile(DefaultPolicy, []byte("p, user:partner/bob, notes, read, allow\np, user:partner/, notes, read, allow\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := CheckPolicyFiles("", DefaultPolicy); r.Unread || r.Errors != 0 || len(r.Findings) != 0 || r.Rows != 2 {
		t.Errorf("without operations nothing is warned of: %+v", r)
	}
	if r := CheckPolicyFiles("", "", "main", "partner"); r.Errors != 1 || r.Findings[0].Line != 2 {
		t.Errorf("with aliases the second row names nobody: %+v", r)
	}
	if r := CheckPolicyFiles("none.conf", ""); !r.Unread || r.Findings[0].File != "none.conf" {
		t.Errorf("a model that is not there: %+v", r)
	}
}
