package tools

import (
	"fmt"
	"strings"
	"unicode"
)

const (
	alphanumeric   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	nameCharacters = alphanumeric + "_.-"
	longestName    = 128
)

// safeName reports whether s is a name of MCP 2026-07-28, server/tools, "Tool Names".
// There it is a recommendation; here it is a rule, since names meet the policy, HTTP
// headers and log lines.
func safeName(s string) bool {
	return s != "" && len(s) <= longestName && only(s, nameCharacters)
}

// only reports whether s consists of the given ASCII characters.
func only(s, characters string) bool {
	for i := range len(s) {
		if strings.IndexByte(characters, s[i]) < 0 {
			return false
		}
	}
	return true
}

// checkName reports a name that is not safe, or was taken by another declaration.
func (d declaration) checkName(field, name string, taken map[string]bool) {
	if !safeName(name) {
		d.mistake(field, fmt.Sprintf("%q is not a safe name", name), "use 1 to 128 of A-Z a-z 0-9 _ . and -")
		return
	}
	d.checkUnique(field, name, taken)
}

func (d declaration) checkUnique(field, name string, taken map[string]bool) {
	if taken[name] {
		d.mistake(field, fmt.Sprintf("%q is declared twice", name), "give each its own")
	}
	taken[name] = true
}

// checkDisplayName is checkName for resources, whose names people read.
func (d declaration) checkDisplayName(name string, taken map[string]bool) {
	odd := func(r rune) bool { return r == '*' || !unicode.IsPrint(r) }
	if name == "" || len(name) > longestName || strings.ContainsFunc(name, odd) {
		d.mistake("Name", fmt.Sprintf("%q is not a safe name", name), "use 1 to 128 printable characters without *")
		return
	}
	d.checkUnique("Name", name, taken)
}

func (d declaration) checkDescription(text string) {
	if strings.TrimSpace(text) == "" {
		d.mistake("Description", "is missing", "say in one sentence what it is for")
	}
}

// checkAccess reports a declaration that says nothing, or two things, about who may
// use it. The syntax of scopes and permissions is read by package authz alone.
func (d declaration) checkAccess(scopes, permissions []string, anyPrincipal bool) {
	needs := len(scopes)+len(permissions) > 0
	if !needs && !anyPrincipal {
		d.mistake("Scopes", "nothing says who may use it", "set Scopes or Permissions, or AnyPrincipal: true for every caller")
	}
	if needs && anyPrincipal {
		d.mistake("AnyPrincipal", "opens it to every caller, and Scopes or Permissions to some", "remove the one or the others")
	}
	for i, scope := range scopes {
		d.checkStar(fmt.Sprintf("Scopes[%d]", i), scope)
	}
	for i, permission := range permissions {
		d.checkStar(fmt.Sprintf("Permissions[%d]", i), permission)
	}
}

func (d declaration) checkStar(field, value string) {
	if strings.Contains(value, "*") {
		d.mistake(field, fmt.Sprintf("%q holds *, which only the policy may use", value), "name exactly one, and give the pattern to a role in the policy")
	}
}
