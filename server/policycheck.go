package server

import (
	"bytes"
	"fmt"

	"github.com/sallyport-mcp/sallyport/authz"
)

// Evaluator is what decides door two.
type Evaluator string

const (
	// EvaluatorCompiled decides by the textbook model, at a cost that does not
	// grow with the policy.
	EvaluatorCompiled Evaluator = "compiled"
	// EvaluatorCasbin is Casbin with a model of one's own. Its cost grows with
	// the policy.
	EvaluatorCasbin Evaluator = "casbin"
)

func evaluatorOf(policy *authz.Policy) Evaluator {
	if policy.Textbook() {
		return EvaluatorCompiled
	}
	return EvaluatorCasbin
}

// PolicyReport is what can be said about a model and a policy.
type PolicyReport struct {
	// Findings are the errors and warnings, those of the model first.
	Findings []authz.Finding
	// Errors is the number of errors among them. With any the policy does not
	// load, and the fields that follow are empty.
	Errors int
	// Unread tells that a file cannot be read. The findings are about that.
	Unread bool
	// Rows is the number of rows of the policy.
	Rows int
	// Evaluator is what decides door two.
	Evaluator Evaluator
	// Model is the path of the model; empty if there is none, which means the
	// textbook model.
	Model string
}

// String says in one line what a policy that loads is like.
func (r PolicyReport) String() string {
	rows, warnings := plural(r.Rows, "row"), plural(len(r.Findings)-r.Errors, "warning")
	switch {
	case r.Errors > 0:
		return fmt.Sprintf("the policy has %s and does not load", plural(r.Errors, "error"))
	case r.Evaluator == EvaluatorCasbin:
		return fmt.Sprintf("the policy loads: %s, Casbin decides door two with %s, at a cost that grows with the policy; %s", rows, r.Model, warnings)
	}
	return fmt.Sprintf("the policy loads: %s, compiled decisions (textbook model); %s", rows, warnings)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// CheckPolicy reads the model and policy that cfg names and returns every
// error and warning. Warnings relate the policy to the declared operations.
// The error is a [*ConfigError] if the declarations themselves do not compile;
// the other settings are not looked at.
func CheckPolicy(cfg Config) (PolicyReport, error) {
	review, err := NewReview(cfg)
	if err != nil {
		return PolicyReport{}, err
	}
	return report(newPolicyReader(review.files).once(), review.files.options), nil
}

// CheckPolicyFiles is [CheckPolicy] for who has the files only: a model and a
// policy, each empty for the default, and the aliases of the issuers, the first
// issuer's first, if there are several. Without operations nothing is warned of
// that relates the policy to them.
func CheckPolicyFiles(model, policy string, aliases ...string) PolicyReport {
	files := policyFiles{model, policy, authz.Options{Aliases: aliases}}
	return report(newPolicyReader(files).once(), files.options)
}

// report judges what was read.
func report(read content, options authz.Options) PolicyReport {
	if len(read.unread) > 0 {
		return PolicyReport{Findings: read.unread, Errors: len(read.unread), Unread: true}
	}
	policy, err := authz.Compile(read.model, read.policy, options)
	if err == nil {
		return PolicyReport{
			Findings: policy.Warnings(), Rows: countRows(read.policy.Data), Evaluator: evaluatorOf(policy), Model: read.model.Name,
		}
	}
	r := PolicyReport{Findings: authz.Lint(read.model, read.policy, options)}
	for _, finding := range r.Findings {
		if finding.Severity == authz.SeverityError {
			r.Errors++
		}
	}
	return r
}

// countRows counts the rows of a policy that loads: every line of it is one, is
// blank, or is a comment.
func countRows(policy []byte) int {
	n := 0
	for line := range bytes.Lines(policy) {
		if line = bytes.TrimLeft(line, " \t\r\n"); len(line) > 0 && line[0] != '#' {
			n++
		}
	}
	return n
}
