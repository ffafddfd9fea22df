package tools

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The characters of a path segment (RFC 3986, section 3.3) without percent-encoding,
// and without * since that is the policy's.
const (
	segmentLiterals = alphanumeric + "-._~!$&'()+,;=:@"
	segmentValues   = segmentLiterals + "*"
)

// uriTemplate is a template of RFC 6570, level 1, split at slashes. Each segment holds
// at most one variable, so that every URI has at most one reading.
type uriTemplate struct {
	segments  []segment
	variables []string
}

// segment is literal text (in prefix) if variable is empty.
type segment struct {
	prefix, variable, suffix string
}

// parseTemplate reads a template that holds at least one variable.
func parseTemplate(s string) (*uriTemplate, error) {
	scheme, _, ok := strings.Cut(s, ":")
	if !ok || !validScheme(scheme) {
		return nil, errors.New("does not begin with a scheme in lower case")
	}
	t := new(uriTemplate)
	for _, text := range strings.Split(s, "/") {
		part, err := parseSegment(text)
		if err != nil {
			return nil, err
		}
		t.segments = append(t.segments, part)
		if part.variable != "" {
			t.variables = append(t.variables, part.variable)
		}
	}
	seen := make(map[string]bool)
	for _, name := range t.variables {
		if seen[name] {
			return nil, fmt.Errorf("names the variable %q twice", name)
		}
		seen[name] = true
	}
	return t, nil
}

func parseSegment(text string) (segment, error) {
	prefix, rest, found := strings.Cut(text, "{")
	if !found {
		return segment{prefix: text}, checkLiteral(text)
	}
	name, suffix, closed := strings.Cut(rest, "}")
	if !closed {
		return segment{}, errors.New("has a { without } before the next slash")
	}
	if !validVariable(name) {
		return segment{}, fmt.Errorf("has the expression {%s}, which is not {name} of letters, digits and _ (RFC 6570, level 1)", name)
	}
	if strings.Contains(suffix, "{") {
		return segment{}, fmt.Errorf("has two variables between slashes, at {%s}", name)
	}
	return segment{prefix: prefix, variable: name, suffix: suffix}, errors.Join(checkLiteral(prefix), checkLiteral(suffix))
}

func checkLiteral(text string) error {
	for _, r := range text {
		if r >= utf8.RuneSelf || !only(string(r), segmentLiterals) {
			return fmt.Errorf("holds %q, which may not be in the fixed part of a template", r)
		}
	}
	return nil
}

func validVariable(name string) bool {
	return name != "" && only(name, alphanumeric+"_") && (name[0] < '0' || name[0] > '9')
}

func validScheme(s string) bool {
	return s != "" && s == strings.ToLower(s) && only(s, alphanumeric+"+-.") && unicode.IsLetter(rune(s[0]))
}

// match returns the decoded variables of a URI, false if the URI is not of this
// template. The whole URI must match.
func (t *uriTemplate) match(uri string) (map[string]string, bool) {
	values := make(map[string]string, len(t.variables))
	for i, part := range t.segments {
		text, rest, more := strings.Cut(uri, "/")
		if more != (i+1 < len(t.segments)) {
			return nil, false
		}
		value, ok := part.match(text)
		if !ok {
			return nil, false
		}
		if part.variable != "" {
			values[part.variable] = value
		}
		uri = rest
	}
	return values, true
}

// match returns the decoded value of the segment's variable.
func (p segment) match(text string) (string, bool) {
	if p.variable == "" {
		return "", text == p.prefix
	}
	text, starts := strings.CutPrefix(text, p.prefix)
	text, ends := strings.CutSuffix(text, p.suffix)
	if !starts || !ends {
		return "", false
	}
	return decodeSegment(text)
}

// decodeSegment decodes a value exactly once and refuses what would be more than one
// segment, or another one, to whoever builds a path from it.
func decodeSegment(text string) (string, bool) {
	if !only(text, segmentValues+"%") {
		return "", false
	}
	value, err := url.PathUnescape(text)
	if err != nil || value == "" || value == "." || value == ".." || !utf8.ValidString(value) {
		return "", false
	}
	bad := func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) }
	return value, !strings.ContainsFunc(value, bad)
}

// overlaps reports whether some URI may match both templates. It may say so of two
// that no URI matches, never the other way round.
func (t *uriTemplate) overlaps(other *uriTemplate) bool {
	if len(t.segments) != len(other.segments) {
		return false
	}
	for i, part := range t.segments {
		if !part.overlaps(other.segments[i]) {
			return false
		}
	}
	return true
}

func (p segment) overlaps(q segment) bool {
	switch {
	case p.variable == "":
		_, ok := q.match(p.prefix)
		return ok
	case q.variable == "":
		_, ok := p.match(q.prefix)
		return ok
	}
	// If one prefix begins the other and one suffix ends the other, then the longer of
	// each around any text matches both.
	prefixes := strings.HasPrefix(p.prefix, q.prefix) || strings.HasPrefix(q.prefix, p.prefix)
	suffixes := strings.HasSuffix(p.suffix, q.suffix) || strings.HasSuffix(q.suffix, p.suffix)
	return prefixes && suffixes
}

// checkURI reports what is wrong with a fixed URI.
func checkURI(s string) error {
	u, err := url.Parse(s)
	if err != nil {
		return errors.New("is not a URI")
	}
	switch {
	case !validScheme(u.Scheme) || !strings.HasPrefix(s, u.Scheme+":"):
		return errors.New("does not begin with a scheme in lower case")
	case len(s) == len(u.Scheme)+1:
		return errors.New("has nothing after the scheme")
	case !only(s, segmentLiterals+"%/?[]"):
		return errors.New("holds a character that may not be in a URI, a fragment or a *")
	}
	return nil
}
