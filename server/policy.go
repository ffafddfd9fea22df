package server

import (
	"bytes"
	"cmp"
	"errors"

	"github.com/sallyport-mcp/sallyport/authz"
)

// policyFiles knows where model and policy are and what they are read for.
type policyFiles struct {
	model, policy string // as configured, empty for the default
	options       authz.Options
}

// content is both files as they were read at one moment.
type content struct{ model, policy authz.Source }

// same tells whether two readings brought the same bytes.
func (c content) same(other content) bool {
	return c.model.Name == other.model.Name && bytes.Equal(c.model.Data, other.model.Data) &&
		bytes.Equal(c.policy.Data, other.policy.Data)
}

// paths returns the model and the policy as findings name them.
func (f policyFiles) paths() (string, string) {
	return cmp.Or(f.model, DefaultModel), cmp.Or(f.policy, DefaultPolicy)
}

// read reads both files. A model that nobody configured may be missing. The
// error is a [*authz.LintError].
func (f policyFiles) read() (content, error) {
	model, policy, err := authz.Read(f.model, f.policy)
	return content{model, policy}, err
}

// load reads and compiles both files. The error is a [*authz.LintError].
func (f policyFiles) load() (*authz.Policy, content, error) {
	read, err := f.read()
	if err != nil {
		return nil, content{}, err
	}
	policy, err := authz.Compile(read.model, read.policy, f.options)
	return policy, read, err
}

// PolicyReport is what can be said against a model and a policy.
type PolicyReport struct {
	// Findings are the errors and warnings, those of the model first.
	Findings []authz.Finding
	// Errors is the number of errors among them. With any the policy does not load.
	Errors int
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
	files := review.files
	read, err := files.read()
	var unread *authz.LintError
	if errors.As(err, &unread) {
		return PolicyReport{Findings: unread.Findings, Errors: len(unread.Findings)}, nil
	}
	report := PolicyReport{Findings: authz.Lint(read.model, read.policy, files.options)}
	for _, finding := range report.Findings {
		if finding.Severity == authz.SeverityError {
			report.Errors++
		}
	}
	return report, nil
}
