package tokendiff

import (
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	golangjwt "github.com/golang-jwt/jwt/v5"
)

// rule says why a token is accepted here that one of the others refuses.
type rule struct {
	name, reason string
	fits         func(refusal) bool
}

// refusal is such a token.
type refusal struct {
	by             string // golang-jwt or jwx
	why            error
	text           string         // of the header
	header, claims map[string]any // as they were signed
}

// rules are all that there are. A token that fits none fails the test.
func rules() []rule {
	jwx := func(text string, r refusal) bool { return r.by == "jwx" && strings.Contains(r.why.Error(), text) }
	return []rule{
		{
			"no key id", "jwx wants one; the verifier takes the only key for the algorithm, and golang-jwt was told to do the same",
			func(r refusal) bool { return r.header["kid"] == nil && jwx("no key ID", r) },
		},
		{
			"another issuer", "the verifier trusts two issuers, the others know one",
			func(r refusal) bool { return r.claims["iss"] == otherURL },
		},
		{
			"white space around the header", "jwx looks for the signature of the header without it; what is signed is what was sent (RFC 7515 section 5.2)",
			func(r refusal) bool { return r.text != strings.TrimSpace(r.text) && jwx("verif", r) },
		},
		{
			"x5t of another type", "jwx reads this parameter of the header; the verifier does not, and takes no key from it",
			func(r refusal) bool { return jwx("decode value for key x5t", r) },
		},
		{
			"a number beyond float64", "the others read every claim; the verifier refuses such a number only in a claim that it reads",
			func(r refusal) bool { return beyondFloat64().MatchString(r.why.Error()) },
		},
		{
			"a fraction close to a second", "golang-jwt reads times as float64, which rounds it up; the verifier cuts it off (and refuses earlier for exp)",
			func(r refusal) bool {
				return r.by == "golang-jwt" && (errors.Is(r.why, golangjwt.ErrTokenUsedBeforeIssued) && roundsUp(r.claims["iat"]) ||
					errors.Is(r.why, golangjwt.ErrTokenNotValidYet) && roundsUp(r.claims["nbf"]))
			},
		},
	}
}

// beyondFloat64 matches what both of the others say of such a number.
func beyondFloat64() *regexp.Regexp {
	return regexp.MustCompile(`cannot unmarshal number (1e999\d*|[1-9]\d{309,}) into Go value of type float64`)
}

// roundsUp reports whether the float64 next to a number is larger.
func roundsUp(value any) bool {
	number, _ := value.(json.Number)
	f, err := strconv.ParseFloat(number.String(), 64)
	exact, ok := new(big.Rat).SetString(number.String())
	return err == nil && ok && exact.Cmp(new(big.Rat).SetFloat64(f)) < 0
}
