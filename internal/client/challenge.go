package client

import (
	"net/http"
	"strings"
)

// challenge is what a Bearer challenge asks for (RFC 6750, section 3; RFC 9728, section 5.1).
type challenge struct {
	code     string   // error
	scopes   []string // nil if there is no scope
	metadata string   // resource_metadata
}

// readChallenge returns the Bearer challenge among those of an answer, in one header or several. One that cannot be read, or
// has a parameter twice, counts for nothing: which of two values is meant would be a guess.
func readChallenge(h http.Header) challenge {
	for _, value := range h.Values("WWW-Authenticate") {
		for rest := value; rest != ""; {
			var scheme string
			var parameters map[string]string
			var ok bool
			if scheme, parameters, rest, ok = nextChallenge(rest); !ok {
				break
			}
			if strings.EqualFold(scheme, "Bearer") {
				return challenge{parameters["error"], strings.Fields(parameters["scope"]), parameters["resource_metadata"]}
			}
		}
	}
	return challenge{}
}

// nextChallenge reads one challenge (RFC 9110, section 11.6.1) and returns what follows it.
func nextChallenge(s string) (string, map[string]string, string, bool) {
	scheme, rest := word(strings.TrimLeft(s, " \t,"))
	if scheme == "" || rest != "" && !strings.ContainsAny(rest[:1], " \t,") {
		return "", nil, "", false
	}
	rest = strings.TrimLeft(rest, " \t")
	parameters := map[string]string{}
	for rest != "" {
		name, after := word(strings.TrimLeft(rest, " \t,"))
		after = strings.TrimLeft(after, " \t")
		if name == "" || !strings.HasPrefix(after, "=") {
			break // the next challenge, or a token68, after which there is nothing of ours
		}
		value, remaining, ok := parameterValue(strings.TrimLeft(after[1:], " \t"))
		name = strings.ToLower(name)
		if _, twice := parameters[name]; !ok || twice {
			return "", nil, "", false
		}
		parameters[name] = value
		rest = remaining
	}
	return scheme, parameters, rest, true
}

// word reads a token (RFC 9110, section 5.6.2).
func word(s string) (string, string) {
	end := strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

// parameterValue reads a token or a quoted string, up to the comma or the end.
func parameterValue(s string) (string, string, bool) {
	value, rest := word(s)
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		i := 1
		for ; i < len(s) && s[i] != '"'; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			b.WriteByte(s[i])
		}
		if i >= len(s) {
			return "", "", false
		}
		value, rest = b.String(), s[i+1:]
	}
	rest = strings.TrimLeft(rest, " \t")
	if rest != "" && rest[0] != ',' {
		return "", "", false
	}
	return value, strings.TrimLeft(rest, " \t,"), true
}
