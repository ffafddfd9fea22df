package policytest

import (
	"fmt"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// failure says what was expected of a case, what came instead, and why.
func failure(policy *authz.Policy, c Case, d authz.Decision) string {
	return fmt.Sprintf("%s:%d: expected %s, got %s\n%s", c.File, c.Line,
		answer(c.Allow, c.Reason), answer(d.Allowed(), d.Reason()), explain(policy, c, d))
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

// explain says who asked for what and what the decision rests on. Nothing else in this package knows how a decision came about.
func explain(policy *authz.Policy, c Case, d authz.Decision) string {
	var b strings.Builder
	line := func(what string, texts ...string) {
		if text := strings.Join(texts, " "); text != "" {
			fmt.Fprintf(&b, "%-11s %s\n", what+":", text)
		}
	}
	line("caller", c.Who.String())
	line("issuer", c.Who.Alias)
	line("scopes", c.Who.Scopes...)
	line("asks for", c.Operation.Kind, c.Operation.Name)
	line("shut", door(d.Door()))
	line("permission", d.Permission())
	line("needs", d.Scopes()...)
	line("decided by", d.Rule())
	for _, row := range policy.Evidence(c.Who, c.Operation.Need, c.Values) {
		line("rests on", row.String())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// door says what stayed shut.
func door(d authz.Door) string {
	switch d {
	case authz.DoorOne:
		return "door one, the scopes of the token"
	case authz.DoorTwo:
		return "door two, the policy"
	default:
		return ""
	}
}
