package authz

import (
	"slices"
	"strings"
)

// The kinds of subjects, and the one subject without a kind: every authenticated caller.
const (
	kindUser   = "user"
	kindGroup  = "group"
	kindRole   = "role"
	kindClient = "client"
	kindScope  = "scope"

	subjectAnyone = "anyone"
)

// kinds returns the kinds that stand in front of a name.
func kinds() []string { return []string{kindUser, kindGroup, kindRole, kindClient, kindScope} }

// kindOf returns the kind of a subject that was read from a policy; anyone is a kind of its own.
func kindOf(subject string) string {
	kind, _, _ := strings.Cut(subject, ":")
	return kind
}

// fault is what is wrong with one field.
type fault struct{ reason, fix string }

// checkSubject returns what is wrong with a subject as it stands in a policy; nil if nothing is.
func checkSubject(s string, aliases []string) *fault {
	if s == subjectAnyone {
		return nil
	}
	kind, name, found := strings.Cut(s, ":")
	switch {
	case s == "*":
		return &fault{"a pattern in a subject, which names exactly one", "write anyone, which is every caller"}
	case strings.ToLower(s) == subjectAnyone, found && !slices.Contains(kinds(), kind) && slices.Contains(kinds(), strings.ToLower(kind)):
		return &fault{"a kind of subject with capital letters", "write " + strings.ToLower(kind) + " in small letters"}
	case !found:
		return &fault{"a subject without a kind", "write user:, group:, role:, client: or scope: in front of it, or anyone"}
	case !slices.Contains(kinds(), kind):
		return &fault{"an unknown kind of subject", "write user:, group:, role:, client: or scope:, or anyone alone"}
	case strings.Contains(name, "*"):
		return &fault{"a pattern in a subject, which names exactly one", "write the name, a group or role, or anyone"}
	case name == "", isBareAlias(name, aliases):
		return &fault{"a subject without a name", "write the name after the kind"}
	}
	return nil
}

// isBareAlias reports whether the name is an issuer's alias with nothing after it.
func isBareAlias(name string, aliases []string) bool {
	alias, found := strings.CutSuffix(name, "/")
	return found && len(aliases) > 1 && slices.Contains(aliases, alias)
}

// expand puts the issuer's alias into the name of a subject when there are several issuers: a name whose first segment
// is a configured alias has it already, any other belongs to the first issuer. Scopes and anyone have no issuer.
func expand(s string, aliases []string) string {
	kind, name, found := strings.Cut(s, ":")
	if len(aliases) < 2 || !found || kind == kindScope {
		return s
	}
	first, _, segmented := strings.Cut(name, "/")
	if segmented && slices.Contains(aliases, first) {
		return s
	}
	return kind + ":" + aliases[0] + "/" + name
}

// checkEdge returns what is wrong with a g row from one subject to another; nil if nothing is.
func checkEdge(from, to string) *fault {
	if possibleEdge(from, to) {
		return nil
	}
	reason := "a g row from " + kindOf(from) + " to " + kindOf(to) + " is not possible"
	if possibleEdge(to, from) {
		return &fault{reason, "swap the two: first who gets it, then what"}
	}
	return &fault{reason, possibleEdges(kindOf(from))}
}

// possibleEdges says what a g row may give to a kind of subject.
func possibleEdges(from string) string {
	switch from {
	case kindUser:
		return "give a user a group or a role"
	case kindScope:
		return "a scope implies nothing but scopes; what users may do is for their roles"
	case subjectAnyone:
		return "give anyone a role"
	}
	return "give a " + from + " a role"
}

func possibleEdge(from, to string) bool {
	a, b := kindOf(from), kindOf(to)
	switch {
	case b == kindRole && a != kindScope:
		return true
	case a == kindUser && b == kindGroup, a == kindScope && b == kindScope:
		return true
	}
	return false
}
