package servertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/policytest"
	"github.com/sallyport-mcp/sallyport/server"
)

// TestPolicy runs the tests of a policy, as the command `policy test` of the
// server does: each is a subtest of its name, and one that fails says what its
// decision rests on. Nothing is served.
//
// The policy is that of cfg or the one that [Start] would take. The files hold
// the tests (docs/policy.md), relative to the directory of the test; without
// any they are beside the policy, in policy_test.yaml for policy.csv. A file
// that is missing or has mistakes fails the test, and so does a policy that
// does not load. With -v the rows that no test exercises are listed.
func TestPolicy(t *testing.T, cfg server.Config, files ...string) {
	t.Helper()
	fillInPolicy(t, &cfg)
	review, err := server.NewReview(cfg)
	if err != nil {
		t.Fatalf("servertest: %v", err)
	}
	if len(files) == 0 {
		files = []string{policytest.Path(review.PolicyPath())}
	}
	cases, err := policytest.Read(review, files...)
	if err != nil {
		t.Fatalf("servertest: the tests cannot run:\n%v", err)
	}
	policy, err := review.Load("")
	if err != nil {
		t.Fatalf("servertest: the policy does not load:\n%v", err)
	}
	report := policytest.Run(policy, cases)
	for _, result := range report.Results {
		t.Run(result.Case.Name, func(t *testing.T) {
			if !result.Passed {
				t.Error(result.Failure)
			}
		})
	}
	t.Log(report.Summary())
	for _, row := range report.NotExercised {
		t.Logf("no test exercises %s: %s", row.At, row.Text)
	}
}

// fillInPolicy names the policy that a test means if its configuration does not.
func fillInPolicy(t testing.TB, cfg *server.Config) {
	t.Helper()
	if cfg.Policy != "" {
		return
	}
	cfg.Policy = nearestPolicy(t)
	model := filepath.Join(filepath.Dir(cfg.Policy), server.DefaultModel)
	if _, err := os.Stat(model); err == nil && cfg.Model == "" {
		cfg.Model = model
	}
}

// nearestPolicy looks for policy.csv in the working directory, which is that of
// the test's package, and above it.
func nearestPolicy(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("servertest: %v", err)
	}
	for {
		path := filepath.Join(dir, server.DefaultPolicy)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		_, atRoot := os.Stat(filepath.Join(dir, "go.mod"))
		parent := filepath.Dir(dir)
		if atRoot == nil || parent == dir {
			t.Fatalf("servertest: no %s in the directory of the test or above it; set Config.Policy", server.DefaultPolicy)
		}
		dir = parent
	}
}
