package authserver

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// placeholder is the syntax of a placeholder in a scope's name, and
// placeholderValue what may stand in its place.
var (
	placeholder  = regexp.MustCompile(`\{[A-Za-z_][A-Za-z0-9_]*\}`)
	scopeGrammar = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,256}$`)
)

const placeholderValue = `([A-Za-z0-9._-]{1,128})`

// scopeSet is what may be asked for. It does not change after it was built.
type scopeSet struct {
	names    []string // without placeholders, as configured: what metadata advertises
	patterns []scopePattern
}

type scopePattern struct {
	match        *regexp.Regexp
	placeholders []string // with the braces
	description  string
}

// newScopeSet reads the configured scopes. RFC 6749, section 3.3 has their
// grammar; '*' is refused because it reads like a wildcard and is none.
func newScopeSet(scopes []Scope) (scopeSet, error) {
	var set scopeSet
	var errs []error
	seen := map[string]bool{}
	for i, s := range scopes {
		bare := placeholder.ReplaceAllString(s.Name, "x")
		if !scopeGrammar.MatchString(s.Name) || strings.ContainsAny(bare, "{}*") {
			errs = append(errs, fmt.Errorf("authserver: Scopes[%d].Name %q: must be printable ASCII without space, quote, backslash, '*' or a stray brace", i, s.Name))
			continue
		}
		if seen[s.Name] {
			errs = append(errs, fmt.Errorf("authserver: Scopes[%d].Name %q: is listed twice", i, s.Name))
			continue
		}
		seen[s.Name] = true
		found := placeholder.FindAllString(s.Name, -1)
		if found == nil {
			set.names = append(set.names, s.Name)
		}
		set.patterns = append(set.patterns, scopePattern{compileScope(s.Name), found, s.Description})
	}
	// Exact names win over patterns, so that their own words are shown.
	slices.SortStableFunc(set.patterns, func(a, b scopePattern) int { return len(a.placeholders) - len(b.placeholders) })
	return set, errors.Join(errs...)
}

func compileScope(name string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	rest := name
	for {
		at := placeholder.FindStringIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(rest[:at[0]]) + placeholderValue)
		rest = rest[at[1]:]
	}
	b.WriteString(regexp.QuoteMeta(rest) + "$")
	return regexp.MustCompile(b.String())
}

// describe returns the words for a requested scope, and false if it is not one
// that may be asked for.
func (s scopeSet) describe(name string) (string, bool) {
	for _, p := range s.patterns {
		values := p.match.FindStringSubmatch(name)
		if values == nil {
			continue
		}
		words := p.description
		for i, placeholder := range p.placeholders {
			words = strings.ReplaceAll(words, placeholder, values[i+1])
		}
		return words, true
	}
	return "", false
}

// narrow returns the known scopes of a space-separated list, each once, in
// order. Unknown ones are dropped (RFC 6749, section 3.3).
func (s scopeSet) narrow(list string) []string {
	var known []string
	for name := range strings.SplitSeq(list, " ") {
		if _, ok := s.describe(name); ok && !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	return known
}
