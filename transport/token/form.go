package token

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// maxSize is the longest token that is looked at, in bytes.
const maxSize = 16 << 10

// token is an access token whose form is right and of which nothing is verified.
type token struct {
	raw            string
	header, claims object
}

// parse reads a compact JWS whose header and claims are strict JSON objects. The
// caller has checked its size.
func parse(raw string) (token, error) {
	parts, ok := split(raw)
	if !ok {
		return token{}, refuse(ReasonMalformed)
	}
	header, errHeader := strictjson.Object(parts[0])
	claims, errClaims := strictjson.Object(parts[1])
	if errHeader != nil || errClaims != nil {
		return token{}, refuse(ReasonMalformed)
	}
	return token{raw: raw, header: header, claims: claims}, nil
}

// split decodes header, payload and signature of a compact JWS (RFC 7515 section
// 7.1) that has only one spelling.
func split(raw string) ([3][]byte, bool) {
	var parts [3][]byte
	// The decoder would skip these two.
	if strings.ContainsAny(raw, "\r\n") || strings.Count(raw, ".") != 2 {
		return parts, false
	}
	for i, part := range strings.Split(raw, ".") {
		data, err := decode(part)
		if err != nil {
			return parts, false
		}
		parts[i] = data
	}
	return parts, len(parts[2]) > 0
}

// decode reads base64url without padding and without unused bits that are set.
func decode(part string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(part)
}

// object is a header or the claims. What reads it never takes a value of one
// type for another, and never null for a missing value.
type object map[string]json.RawMessage

// at returns the member of that name, nil if there is none. A name that starts with a
// slash is a JSON pointer (RFC 6901) into objects of objects; where one of them is
// something else, the member is there and null, which nothing accepts.
func (o object) at(name string) json.RawMessage {
	if !strings.HasPrefix(name, "/") {
		return o[name]
	}
	first, rest, deeper := strings.Cut(name[1:], "/")
	first = strings.NewReplacer("~1", "/", "~0", "~").Replace(first)
	if !deeper {
		return o[first]
	}
	raw, there := o[first]
	if !there {
		return nil
	}
	var inner object
	if raw[0] != '{' || json.Unmarshal(raw, &inner) != nil {
		return json.RawMessage("null")
	}
	return inner.at("/" + rest)
}

func (o object) has(name string) bool { return o.at(name) != nil }

// hasTwin reports whether a member could be taken for one of the known names.
func (o object) hasTwin(known strictjson.Names) bool {
	for name := range o {
		if known.Twin(name) {
			return true
		}
	}
	return false
}

// text returns a member that is there and a string.
func (o object) text(name string) (string, bool) {
	return readText(o.at(name))
}

// texts returns a member that is there and an array of strings only.
func (o object) texts(name string) ([]string, bool) {
	var items []json.RawMessage
	if raw := o.at(name); len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		return nil, false
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := readText(item)
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

func readText(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// maxSeconds is the last second of the year 9999.
const maxSeconds = 253402300799

// seconds returns a member that is there and a NumericDate (RFC 7519 section 2),
// with a fraction cut off downwards.
func (o object) seconds(name string) (int64, bool) {
	text := string(o.at(name))
	// Of all JSON values, this reads numbers only.
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(f) > maxSeconds {
		return 0, false
	}
	whole := int64(math.Floor(f))
	if wasRoundedUp(text, f) {
		whole--
	}
	return whole, true
}

// wasRoundedUp reports whether a number with a fraction close to 1 became the
// next whole number f as it was read.
func wasRoundedUp(text string, f float64) bool {
	if f == 0 || f != math.Floor(f) || !strings.ContainsAny(text, ".eE") {
		return false
	}
	// f says that the exponent is no larger than the text is long.
	exact, ok := new(big.Rat).SetString(text)
	return ok && exact.Cmp(new(big.Rat).SetFloat64(f)) < 0
}
