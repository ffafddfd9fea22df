package policytest

import (
	"fmt"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/question"
)

// failure says what was expected of a case, what came instead, and why.
func failure(policy *authz.Policy, c Case, d authz.Decision) string {
	return fmt.Sprintf("%s:%d: expected %s, got %s\n\n%s", c.File, c.Line,
		answer(c.Allow, c.Reason), answer(d.Allowed(), d.Reason()), explain(policy, c))
}

// answer names a decision and its reason, if there is one.
func answer(allow bool, reason authz.Reason) string {
	word := expectDeny
	if allow {
		word = expectAllow
	}
	if reason == "" {
		return word
	}
	return word + " (" + string(reason) + ")"
}

// explain says who asked for what and why the decision came out as it did, as the command `policy explain` does. Nothing else in
// this package knows.
func explain(policy *authz.Policy, c Case) string {
	return question.String(c.Operation, c.Who) + "\n" + policy.Explain(c.Who, c.Operation.Need, c.Values).String()
}
