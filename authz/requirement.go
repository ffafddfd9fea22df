package authz

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Requirement is what an operation needs, as its author declared it: scopes for door one, permissions for door two, or
// any verified caller at all.
//
// It is built once, at start, and immutable. The zero value needs something nobody has: it denies every request.
type Requirement struct {
	scopes, permissions []Template
	anyPrincipal        bool
}

// NewRequirement reads the declared scopes and permissions of one operation. Either list defaults to the other. All
// mistakes are joined into one error, each with what is wrong and what to write instead: a name that [ParseTemplate]
// refuses, a scope with characters that RFC 6749 section 3.3 does not allow, the same name twice, nothing declared at
// all, and anything declared beside anyPrincipal.
func NewRequirement(scopes, permissions []string, anyPrincipal bool) (Requirement, error) {
	if anyPrincipal {
		if len(scopes)+len(permissions) > 0 {
			return Requirement{}, errors.New("any principal and scopes or permissions exclude each other; remove one")
		}
		return Requirement{anyPrincipal: true}, nil
	}
	if len(scopes)+len(permissions) == 0 {
		return Requirement{}, errors.New("neither scopes nor permissions; declare one, or any principal if every verified caller may")
	}
	s, scopeErr := parseAll("scope", scopes)
	p, permissionErr := parseAll("permission", permissions)
	if len(scopes) == 0 {
		s = p
	}
	if len(permissions) == 0 {
		p = s
	}
	need := Requirement{scopes: s, permissions: p}
	err := errors.Join(scopeErr, permissionErr, checkScopeText(s), CheckDeclared([]Requirement{need}))
	if err != nil {
		return Requirement{}, err
	}
	return need, nil
}

func parseAll(kind string, texts []string) ([]Template, error) {
	var list []Template
	var errs []error
	seen := map[string]bool{}
	for _, text := range texts {
		t, err := ParseTemplate(text)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s %w", kind, err))
		case seen[text]:
			errs = append(errs, fmt.Errorf("%s %q is declared twice; remove one", kind, text))
		default:
			seen[text] = true
			list = append(list, t)
		}
	}
	return list, errors.Join(errs...)
}

// checkScopeText refuses scopes that no token and no challenge could carry.
func checkScopeText(scopes []Template) error {
	var errs []error
	for _, s := range scopes {
		bad := strings.IndexFunc(s.text, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
		if bad >= 0 {
			errs = append(errs, fmt.Errorf("scope %q holds a character at byte %d that a scope may not have (RFC 6749 section 3.3); "+
				"declare a scope of plain ASCII", s.text, bad))
		}
	}
	return errors.Join(errs...)
}

// CheckDeclared reports what no two operations of one server may declare together: a name without an action beside the
// same name with the action "use", which are one permission in two spellings.
func CheckDeclared(all []Requirement) error {
	var errs []error
	spelled := map[string]string{}
	for _, need := range all {
		for _, t := range slices.Concat(need.scopes, need.permissions) {
			canonical := strings.TrimSuffix(t.text, ":"+defaultAction)
			if t.short {
				canonical = t.text
			}
			other, known := spelled[canonical]
			if !known {
				spelled[canonical] = t.text
			} else if other != t.text {
				errs = append(errs, fmt.Errorf("%q and %q are the same permission; write one of them everywhere", other, t.text))
			}
		}
	}
	return errors.Join(errs...)
}

// Names returns the names of all placeholders, sorted, each once.
func (r Requirement) Names() []string { return namesOf(slices.Concat(r.scopes, r.permissions)) }

// Scopes returns what door one asks for, in declared order.
func (r Requirement) Scopes() []Template { return slices.Clone(r.scopes) }

// Permissions returns what door two asks for, in declared order.
func (r Requirement) Permissions() []Template { return slices.Clone(r.permissions) }

// open reports whether anything in it has a placeholder.
func (r Requirement) open() bool {
	open := func(t Template) bool { return t.open }
	return slices.ContainsFunc(r.scopes, open) || slices.ContainsFunc(r.permissions, open)
}

// AnyPrincipal reports whether every verified caller may run the operation, without asking either door.
func (r Requirement) AnyPrincipal() bool { return r.anyPrincipal }
