package doctor

import (
	"net/url"
	"slices"
	"strings"
)

func issuerKeyChecks() []Check {
	return []Check{
		{
			ID: "issuer.keys", Title: "The issuer's keys can be fetched", Worst: Problem,
			Clause: "RFC 8414, section 2 (jwks_uri); RFC 7517, section 5",
			Why:    "A server that verifies tokens by itself needs the keys, and needs them again after each rotation.",
			Mend:   "Serve the key set at jwks_uri without credentials, with at least one key for signatures.",
			look:   eachIssuer(lookKeys),
		},
		{
			ID: "issuer.private_keys", Title: "The key set holds public keys only", Worst: Problem,
			Clause: "RFC 7517, section 9.2",
			Why:    "With a private or symmetric key in it, everybody can sign tokens.",
			Mend:   "Withdraw these keys at once, make new ones, and publish the public half only.",
			look:   eachIssuer(lookPrivateKeys),
		},
		{
			ID: "issuer.algorithms", Title: "The issuer lists no algorithm that signs nothing", Worst: Problem,
			Clause: "RFC 8414, section 2; RFC 8725, section 3.2",
			Why:    "With none, everybody is whoever they say.",
			Mend:   "Remove none from every list of signing algorithms.",
			look:   eachIssuer(lookAlgorithms),
		},
	}
}

// keySet is a JWK set, as far as it matters here.
type keySet struct {
	Keys []map[string]any `json:"keys"`
}

func (v *visit) keySet(i *issuer) (keySet, error) {
	var set keySet
	if err := v.mayFetch(i.JWKSURI); err != nil {
		return set, err
	}
	err := v.send(get("GET "+i.JWKSURI, i.JWKSURI)).document(&set)
	return set, err
}

func lookKeys(v *visit, i *issuer) verdict {
	if i.JWKSURI == "" {
		return note("no jwks_uri: tokens can only be introspected")
	}
	set, err := v.keySet(i)
	switch {
	case err != nil:
		return problem("%s: %v", i.JWKSURI, err)
	case len(set.Keys) == 0:
		return problem("%s: no keys", i.JWKSURI)
	}
	return ok("%s: %s", i.JWKSURI, count(len(set.Keys), "key"))
}

// lookPrivateKeys names the members and shows none of their values.
func lookPrivateKeys(v *visit, i *issuer) verdict {
	if i.JWKSURI == "" {
		return skipped("no jwks_uri")
	}
	set, err := v.keySet(i)
	if err != nil {
		return skipped("there is no key set")
	}
	for n, key := range set.Keys {
		for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
			if _, has := key[member]; has {
				return problem("key %d of %s has the private member %q", n+1, i.JWKSURI, member)
			}
		}
	}
	return ok("%s without a private member", count(len(set.Keys), "key"))
}

func lookAlgorithms(_ *visit, i *issuer) verdict {
	for _, list := range []struct {
		name   string
		values []string
		found  func(string, ...any) verdict
	}{
		{"token_endpoint_auth_signing_alg_values_supported", i.TokenAlgorithms, problem},
		{"id_token_signing_alg_values_supported", i.IDTokenAlgorithms, warning},
	} {
		if slices.ContainsFunc(list.values, func(alg string) bool { return strings.EqualFold(alg, "none") }) {
			return list.found("%s: %s", list.name, strings.Join(list.values, ", "))
		}
	}
	return ok("none is in no list")
}

// hostOf returns the host of a URL, without its port.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
