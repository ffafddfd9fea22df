package policytest

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport-mcp/sallyport/authz"
)

// The decisions that a test may expect.
const (
	expectAllow = "allow"
	expectDeny  = "deny"
)

// reasons returns the reasons that a test may expect of a decision. The others of package authz come from mistakes that no test
// can make.
func reasons(decision string) []string {
	if decision == expectAllow {
		return []string{string(authz.ReasonAllowed), string(authz.ReasonAnyPrincipal)}
	}
	return []string{
		string(authz.ReasonPermissionMissing), string(authz.ReasonPermissionDenied), string(authz.ReasonClientDenied),
		string(authz.ReasonClientMissing), string(authz.ReasonScopeMissing), string(authz.ReasonPlaceholder),
	}
}

// expectation reads the decision that is expected, and its reason.
func (r *reader) expectation(n *yaml.Node, fields map[string]field, c *Case) {
	expect, given := fields[keyExpect]
	if !given {
		r.fail(n, "", "the test does not say what it expects", "write expect: allow, or expect: deny and a reason")
		return
	}
	decision := r.choice(expect.value, "neither allow nor deny", expectAllow, expectDeny)
	reason, hasReason := fields[keyReason]
	switch {
	case decision == "":
	case hasReason:
		c.Reason = authz.Reason(r.choice(reason.value, "not a reason to "+decision, reasons(decision)...))
	case decision == expectDeny:
		r.fail(expect.value, decision, "a denial without its reason, which would pass for any other cause as well",
			"write reason: and one of "+strings.Join(reasons(expectDeny), ", "))
	}
	c.Allow = decision == expectAllow
}
