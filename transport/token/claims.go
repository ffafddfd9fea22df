package token

import (
	"slices"
	"strings"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// claimNames are the claims that this package reads or refuses, with those that
// the profile names. A case twin of any of them refuses the token.
func claimNames(p Profile) strictjson.Names {
	names := []string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "azp", "scope", "groups", "roles",
		"entitlements", "sid", "cnf", "act", "may_act", "email", "email_verified", "grant_id", "auth_time", "acr", "amr",
		"nonce", "at_hash", "c_hash", "s_hash", "events", "htm", "htu", "ath", "typ", "token_use",
		"_claim_names", "_claim_sources", "hasgroups",
	}
	for _, name := range []string{p.ScopeClaim, p.GroupsClaim, p.RolesClaim, p.ClientClaim, p.MachineClaim, p.SubjectClaim} {
		if name != "" {
			names = append(names, topMember(name))
		}
	}
	return strictjson.NewNames(names...)
}

// topMember returns the name of the top-level member that a claim is in.
func topMember(name string) string {
	pointer, isPointer := strings.CutPrefix(name, "/")
	if !isPointer {
		return name
	}
	first, _, _ := strings.Cut(pointer, "/")
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(first)
}

// checkKind refuses tokens that are not access tokens, whatever their typ says:
// under some issuers' profiles all of them are just JWT.
func checkKind(c object) error {
	// Of ID tokens (OpenID Connect Core section 2), security events such as
	// logout tokens (RFC 8417 section 2.2) and DPoP proofs (RFC 9449 section 4.2).
	for _, name := range []string{"nonce", "at_hash", "c_hash", "s_hash", "events", "htm", "htu", "ath"} {
		if c.has(name) {
			return refuse(ReasonKind)
		}
	}
	// Claims in which some issuers name the kind of token.
	if typ, _ := c.text("typ"); c.has("typ") && !strings.EqualFold(typ, "Bearer") && !strings.EqualFold(typ, "at+jwt") {
		return refuse(ReasonKind)
	}
	if use, _ := c.text("token_use"); c.has("token_use") && use != "access" {
		return refuse(ReasonKind)
	}
	return nil
}

// checkAudience requires that the token is meant for this resource.
func (is *issuer) checkAudience(c object) error {
	audiences, ok := c.texts("aud")
	if one, isText := c.text("aud"); isText {
		audiences, ok = []string{one}, true
	}
	isOurs := func(a string) bool { return slices.Contains(is.audiences, a) }
	isOther := func(a string) bool { return !isOurs(a) }
	if !ok || !slices.ContainsFunc(audiences, isOurs) {
		return refuse(ReasonAudience)
	}
	if is.profile.StrictAudience && slices.ContainsFunc(audiences, isOther) {
		return refuse(ReasonAudience)
	}
	return nil
}

// times are a token's NumericDates, in seconds since 1970.
type times struct {
	exp, iat, nbf int64
	hasNbf        bool
}

func readTimes(c object) (times, error) {
	exp, okExp := c.seconds("exp")
	iat, okIat := c.seconds("iat")
	nbf, okNbf := c.seconds("nbf")
	if !okExp || !okIat || c.has("nbf") && !okNbf {
		return times{}, refuse(ReasonClaims)
	}
	return times{exp: exp, iat: iat, nbf: nbf, hasNbf: okNbf}, nil
}

// checkTimes requires that a token is valid at now.
func (is *issuer) checkTimes(t times, now time.Time) error {
	latest := now.Add(is.skew)
	switch {
	case !now.Before(time.Unix(t.exp, 0).Add(is.skew)):
		return refuse(ReasonExpired)
	case t.hasNbf && time.Unix(t.nbf, 0).After(latest):
		return refuse(ReasonNotYetValid)
	case time.Unix(t.iat, 0).After(latest):
		return refuse(ReasonFuture)
	case t.exp <= t.iat || t.exp-t.iat > int64(is.maxLifetime/time.Second):
		return refuse(ReasonLifetime)
	}
	return nil
}
