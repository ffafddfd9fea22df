package token

import (
	"slices"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// refusedParameters bring keys, extensions or other content along. An access
// token needs none of them (RFC 8725 sections 3.9 and 3.10, RFC 7515 section 4.1).
func refusedParameters() []string {
	return []string{"jku", "x5u", "jwk", "x5c", "crit", "b64", "cty"}
}

func headerNames() strictjson.Names {
	return strictjson.NewNames(append(refusedParameters(), "alg", "kid", "typ")...)
}

// checkHeader checks all of the header but whether kid names a key.
func (is *issuer) checkHeader(header object) error {
	alg, ok := header.text("alg")
	if !ok || !slices.Contains(is.profile.Algorithms, alg) {
		return refuse(ReasonAlgorithm)
	}
	if header.hasTwin(is.headerNames) {
		return refuse(ReasonHeader)
	}
	for _, name := range refusedParameters() {
		if header.has(name) {
			return refuse(ReasonHeader)
		}
	}
	if kid, ok := header.text("kid"); header.has("kid") && (!ok || kid == "") {
		return refuse(ReasonHeader)
	}
	typ, ok := header.text("typ")
	if header.has("typ") && (!ok || typ == "") || !slices.Contains(is.profile.Types, strings.ToLower(typ)) {
		return refuse(ReasonType)
	}
	return nil
}
