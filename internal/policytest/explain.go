package policytest

import (
	"fmt"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// failure says what was expected of a case, what came instead, and why.
func failure(policy *authz.Policy, c Case, d authz.Decision) string {
	return fmt.Sprintf("%s:%d: expected %s, got %s\n%s", c.File, c.Line,
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

// explain says who asked for what, and why the decision came out as it did. Nothing else in this package knows.
func explain(policy *authz.Policy, c Case) string {
	asked := "operation  " + c.Operation.Kind + " " + c.Operation.Name + "\n"
	return asked + strings.TrimSuffix(policy.Explain(c.Who, c.Operation.Need, c.Values).String(), "\n")
}
