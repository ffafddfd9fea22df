package token

import (
	"fmt"
	"slices"
	"strings"
)

// Profile says in what an issuer's access tokens differ from RFC 9068. The zero
// value is the strict default; [Keycloak] and the functions beside it return ready ones.
// Names of claims are top-level members; one that starts with a slash is a JSON pointer
// (RFC 6901) to a member within, as in "/realm_access/roles".
type Profile struct {
	// Types are the accepted values of the typ header parameter, in any case;
	// an empty string accepts a token without it. Default: at+jwt and
	// application/at+jwt (RFC 9068 section 4). Types of other kinds of tokens,
	// such as dpop+jwt, are a configuration error.
	Types []string
	// Algorithms are the accepted signature algorithms (RFC 7518 section 3.1 and
	// RFC 8037). Default: RS256, ES256, EdDSA. Only asymmetric ones can be given.
	// A key that names no algorithm is used with the first one here that fits it.
	Algorithms []string
	// Audiences are accepted in aud beside Config.Audience.
	Audiences []string
	// StrictAudience refuses a token that is meant for anybody else too.
	StrictAudience bool
	// Clients are the only clients whose tokens are accepted. Default: all.
	Clients []string
	// ClientClaim names the claim with the client. Default: client_id, or azp
	// where client_id is missing.
	ClientClaim string
	// DefaultClient is the client of a token that names none. Set it only for an issuer
	// whose tokens never do: a policy cannot tell its clients apart.
	DefaultClient string
	// ScopeClaim names the claim with the scopes. Default: scope, a string as in
	// RFC 6749 section 3.3. Another claim may also be an array of strings.
	ScopeClaim string
	// SubjectClaim names the claim with the user's name, where sub is not the one to
	// write into a policy. A client's own token needs none.
	SubjectClaim string
	// ScopePrefix is what the issuer puts in front of this resource's scopes where
	// clients ask for them, as in "api://notes/". It is taken off where tokens have
	// it, and not used with a ScopeMap.
	ScopePrefix string
	// ScopeMap translates the issuer's scopes to those that tools declare. If it
	// is not nil, scopes without an entry are dropped.
	ScopeMap map[string]string
	// GroupsClaim names the claim with the user's groups, an array of strings.
	// Default: groups.
	GroupsClaim string
	// RolesClaim names the claim with the user's roles, an array of strings.
	// Default: none, tokens give no roles.
	RolesClaim string
	// MachineSubject is the sub of a client's own token, in which {client} stands for
	// the client. Default: "{client}".
	MachineSubject string
	// MachineClaim and MachineValue tell a client's own token in another way: one
	// whose claim is this string, in which {client} stands for the client.
	MachineClaim, MachineValue string
	// EmailSubject takes the subject from the email claim, which email_verified
	// must confirm.
	EmailSubject bool
	// TolerateUnverifiedEmail accepts a sub that is an e-mail address although
	// email_verified does not confirm it. Set it only if the issuer itself
	// guarantees that nobody can get another one's address as sub.
	TolerateUnverifiedEmail bool
}

// clientPlaceholder stands for the client in Profile.MachineSubject.
const clientPlaceholder = "{client}"

// signatureAlgorithms are all that a profile may name. There is no "none" and
// nothing symmetric among them.
func signatureAlgorithms() []string {
	return []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
		"ES256", "ES384", "ES512", "EdDSA",
	}
}

// withDefaults returns a copy that shares nothing with p.
func (p Profile) withDefaults() Profile {
	p.Types = orDefault(p.Types, "at+jwt", "application/at+jwt")
	for i, t := range p.Types {
		p.Types[i] = strings.ToLower(t)
	}
	p.Algorithms = orDefault(p.Algorithms, "RS256", "ES256", "EdDSA")
	p.Audiences = slices.Clone(p.Audiences)
	p.Clients = slices.Clone(p.Clients)
	if p.ScopeClaim == "" {
		p.ScopeClaim = "scope"
	}
	if p.GroupsClaim == "" {
		p.GroupsClaim = "groups"
	}
	if p.MachineSubject == "" {
		p.MachineSubject = clientPlaceholder
	}
	if p.ScopeMap != nil {
		scopes := make(map[string]string, len(p.ScopeMap))
		for from, to := range p.ScopeMap {
			scopes[from] = to
		}
		p.ScopeMap = scopes
	}
	return p
}

func orDefault(list []string, defaults ...string) []string {
	if len(list) == 0 {
		return defaults
	}
	return slices.Clone(list)
}

// mistakes returns what is wrong with p, a sentence each.
func (p Profile) mistakes() []string {
	var list []string
	for _, alg := range p.Algorithms {
		if !slices.Contains(signatureAlgorithms(), alg) {
			list = append(list, fmt.Sprintf("Algorithms: %q is not an asymmetric signature algorithm; use some of %s",
				alg, strings.Join(signatureAlgorithms(), ", ")))
		}
	}
	for _, typ := range p.Types {
		lower := strings.TrimPrefix(strings.ToLower(typ), "application/")
		if strings.HasSuffix(lower, "+jwt") && lower != "at+jwt" {
			list = append(list, fmt.Sprintf("Types: %q is another kind of token; use at+jwt or JWT", typ))
		}
	}
	if slices.Contains(p.Audiences, "") {
		list = append(list, "Audiences: an audience is empty; remove it")
	}
	if p.DefaultClient != "" && !isName(p.DefaultClient) {
		list = append(list, fmt.Sprintf("DefaultClient: %q holds a character that does not show; write a plain name", p.DefaultClient))
	}
	if slices.Contains(p.Clients, "") {
		list = append(list, "Clients: a client is empty; remove it")
	}
	for from, to := range p.ScopeMap {
		if !isScope(from) || !isScope(to) {
			list = append(list, fmt.Sprintf("ScopeMap: %q to %q: not a scope of RFC 6749 section 3.3; write both without white space and quotes", from, to))
		}
	}
	if p.MachineSubject != "" && !strings.Contains(p.MachineSubject, clientPlaceholder) {
		list = append(list, fmt.Sprintf("MachineSubject: %q is the same for every client; write {client} where the client's name is", p.MachineSubject))
	}
	if p.ScopePrefix != "" && (!isScope(p.ScopePrefix) || p.ScopeMap != nil) {
		list = append(list, fmt.Sprintf("ScopePrefix: %q: not part of a scope, or beside a ScopeMap; write it without white space, or in the map", p.ScopePrefix))
	}
	if (p.MachineClaim == "") != (p.MachineValue == "") {
		list = append(list, "MachineClaim, MachineValue: only one is set; set both or none")
	}
	slices.Sort(list)
	return list
}
