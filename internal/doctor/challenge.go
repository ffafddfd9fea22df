package doctor

import (
	"errors"
	"strings"
)

// challenge is one of a WWW-Authenticate header (RFC 9110, section 11.6.1). The names of its parameters are in lower case.
type challenge struct {
	scheme string
	params map[string]string
}

// bearerChallenge returns the one Bearer challenge of an answer, nil if there is none.
func (x *exchange) bearerChallenge() (*challenge, error) {
	var found *challenge
	for _, value := range x.header.Values("WWW-Authenticate") {
		all, err := parseChallenges(value)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			if !strings.EqualFold(c.scheme, "Bearer") {
				continue
			}
			if found != nil {
				return nil, errors.New("there are two Bearer challenges")
			}
			found = c
		}
	}
	return found, nil
}

// param returns a parameter of the Bearer challenge, empty if there is none.
func (x *exchange) param(name string) string {
	c, err := x.bearerChallenge()
	if err != nil || c == nil {
		return ""
	}
	return c.params[name]
}

// parseChallenges reads one header value.
func parseChallenges(value string) ([]*challenge, error) {
	var all []*challenge
	rest := strings.TrimLeft(value, " \t,")
	for rest != "" {
		word := leadingToken(rest)
		if word == "" {
			return nil, errors.New("something that is no scheme and no parameter")
		}
		after := strings.TrimLeft(rest[len(word):], " \t")
		if strings.HasPrefix(after, "=") && len(all) > 0 {
			text, left, err := paramValue(strings.TrimLeft(after[1:], " \t"))
			if err != nil {
				return nil, err
			}
			if err := all[len(all)-1].set(word, text); err != nil {
				return nil, err
			}
			rest = left
			continue
		}
		all = append(all, &challenge{scheme: word, params: map[string]string{}})
		rest = strings.TrimLeft(after, ",")
		rest = strings.TrimLeft(rest, " \t,")
	}
	return all, nil
}

func (c *challenge) set(name, value string) error {
	name = strings.ToLower(name)
	if _, twice := c.params[name]; twice {
		return errors.New("a parameter stands in it twice: " + name)
	}
	c.params[name] = value
	return nil
}

// paramValue reads a token or a quoted string, and what is behind it up to the next word.
func paramValue(s string) (string, string, error) {
	if !strings.HasPrefix(s, `"`) {
		word := leadingToken(s)
		if word == "" {
			return "", "", errors.New("a parameter without a value, or one that has to be in quotes")
		}
		left, err := separated(s[len(word):])
		return word, left, err
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			left, err := separated(s[i+1:])
			return b.String(), left, err
		case '\\':
			if i++; i == len(s) {
				return "", "", errors.New("a quote that is not closed")
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", errors.New("a quote that is not closed")
}

// separated skips the comma behind a parameter.
func separated(s string) (string, error) {
	left := strings.TrimLeft(s, " \t")
	if left != "" && left[0] != ',' {
		return "", errors.New("two parameters without a comma between them")
	}
	return strings.TrimLeft(left, " \t,"), nil
}

func leadingToken(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) })
	if end < 0 {
		return s
	}
	return s[:end]
}
