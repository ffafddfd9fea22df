package authz

import (
	"slices"
	"strconv"
)

// Door is one of the two questions of a decision.
type Door int

const (
	// DoorNone means that no door stayed shut.
	DoorNone Door = 0
	// DoorOne asks what the client was delegated: the scopes of the token.
	DoorOne Door = 1
	// DoorTwo asks what the caller may do: the policy.
	DoorTwo Door = 2
)

// Reason is a short code that says why a decision is what it is, for the audit and for metrics.
type Reason string

const (
	// ReasonAllowed means that both doors opened.
	ReasonAllowed Reason = "allowed"
	// ReasonAnyPrincipal means that the operation is open to every verified caller; no door was asked.
	ReasonAnyPrincipal Reason = "any_principal"
	// ReasonScopeMissing means that the token's scopes do not cover a declared scope; another consent can help.
	ReasonScopeMissing Reason = "scope_missing"
	// ReasonPermissionMissing means that no row gives the caller the permission.
	ReasonPermissionMissing Reason = "permission_missing"
	// ReasonPermissionDenied means that a deny row names one of the user's subjects.
	ReasonPermissionDenied Reason = "permission_denied"
	// ReasonClientDenied means that a deny row names the client, or anyone in the client's own token.
	ReasonClientDenied Reason = "client_denied"
	// ReasonClientMissing means that a model other than the textbook one lets no row admit the client.
	ReasonClientMissing Reason = "client_missing"
	// ReasonPlaceholder means that the request has no usable value for a placeholder.
	ReasonPlaceholder Reason = "placeholder"
	// ReasonNoPolicy means that there is no policy to ask.
	ReasonNoPolicy Reason = "no_policy"
	// ReasonNoPrincipal means that the caller has no name, no client, or an issuer that is not configured.
	ReasonNoPrincipal Reason = "no_principal"
	// ReasonNoRequirement means that the operation declares nothing, so that nothing can be asked.
	ReasonNoRequirement Reason = "no_requirement"
	// ReasonPolicyError means that evaluating the policy failed.
	ReasonPolicyError Reason = "policy_error"
	// ReasonUndecided is the reason of the zero Decision: nothing was asked.
	ReasonUndecided Reason = "undecided"
)

// Decision is the answer to one request. The zero value denies. It is immutable and safe to share.
type Decision struct {
	allowed    bool
	door       Door
	reason     Reason
	scopes     []string
	permission string
	declared   string // the scope or permission that keeps the door shut, with its placeholders
	unfilled   string // the placeholder without a usable value
	revision   string
	why        evidence
}

// evidence is what a decision rests on: the rule that decided, and what the subject it names was reached by.
type evidence struct {
	policy *Policy
	steps  steps
	rule   uint32
}

// decided returns the rule that decided; false if none did.
func (e evidence) decided() (rule, bool) {
	if e.policy == nil || e.rule == noRule {
		return rule{}, false
	}
	return e.policy.rows.rules[e.rule], true
}

// Allowed reports whether the operation may run.
func (d Decision) Allowed() bool { return d.allowed }

// Door returns the door that stayed shut, and DoorNone when the operation may run. If both are shut it is door two:
// asking for more scopes cannot help.
func (d Decision) Door() Door {
	if !d.allowed && d.door == DoorNone {
		return DoorTwo
	}
	return d.door
}

// Reason returns the code for the audit.
func (d Decision) Reason() Reason {
	if d.reason == "" {
		return ReasonUndecided
	}
	return d.reason
}

// Scopes returns, when door one stayed shut, all scopes of the operation, filled, in declared order: what the challenge
// names. Otherwise nil.
func (d Decision) Scopes() []string { return slices.Clone(d.scopes) }

// Permission returns, when door two stayed shut, the permission that is missing or denied, as declared and filled; with
// its placeholders if they could not be filled. Otherwise it is empty.
func (d Decision) Permission() string { return d.permission }

// Rule returns file and line of the policy row that decided, as "policy.csv:4"; empty if no row did.
func (d Decision) Rule() string {
	r, decided := d.why.decided()
	if !decided {
		return ""
	}
	return d.why.policy.place(r.line)
}

// place names a line of the policy.
func (p *Policy) place(line int) string { return p.file + ":" + strconv.Itoa(line) }

// Revision returns the revision of the policy that was asked; empty if there was none.
func (d Decision) Revision() string { return d.revision }
