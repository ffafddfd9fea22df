package token

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-mcp/sallyport/authz"
)

// maxName is the longest name of a subject, client, group or role, in characters.
const maxName = 256

// principal reads who calls from claims whose signature, audience and times have
// been verified.
func (is *issuer) principal(c object, t times) (authz.Principal, error) {
	who := authz.Principal{Issuer: is.url, Alias: is.alias, Issued: time.Unix(t.iat, 0), Expires: time.Unix(t.exp, 0)}
	for _, read := range []func(object, *authz.Principal) error{
		is.readClient, is.readSubject, is.readGroups, is.readScopes, readIDs, readActor,
	} {
		if err := read(c, &who); err != nil {
			return authz.Principal{}, err
		}
	}
	return who, nil
}

func (is *issuer) readClient(c object, who *authz.Principal) error {
	names := []string{"client_id", "azp"}
	if is.profile.ClientClaim != "" {
		names = []string{is.profile.ClientClaim}
	}
	for _, name := range names {
		if !c.has(name) {
			continue
		}
		client, ok := c.text(name)
		if !ok || !isName(client) || who.Client != "" && client != who.Client {
			return refuse(ReasonClient)
		}
		who.Client = client
	}
	who.Client = cmp.Or(who.Client, is.profile.DefaultClient)
	if who.Client == "" || len(is.profile.Clients) > 0 && !slices.Contains(is.profile.Clients, who.Client) {
		return refuse(ReasonClient)
	}
	return nil
}

func (is *issuer) readSubject(c object, who *authz.Principal) error {
	sub, ok := c.text("sub")
	if !ok || !isName(sub) {
		return refuse(ReasonSubject)
	}
	who.Subject = sub
	named := func(text string) string { return strings.ReplaceAll(text, clientPlaceholder, who.Client) }
	kind, _ := c.text(is.profile.MachineClaim)
	who.Machine = sub == who.Client || sub == named(is.profile.MachineSubject) ||
		is.profile.MachineClaim != "" && kind == named(is.profile.MachineValue)
	if who.Machine {
		return nil
	}
	if name := is.profile.SubjectClaim; name != "" {
		if who.Subject, ok = c.text(name); !ok || !isName(who.Subject) {
			return refuse(ReasonSubject)
		}
		sub = who.Subject
	}
	verified := string(c["email_verified"]) == "true"
	email, hasEmail := c.text("email")
	if is.profile.EmailSubject {
		if !verified || !isName(email) || !strings.Contains(email, "@") {
			return refuse(ReasonSubject)
		}
		who.Subject = email
		return nil
	}
	// email_verified is about the email claim, so the two must be the same.
	confirmed := verified && (!hasEmail || email == sub)
	if strings.Contains(sub, "@") && !confirmed && !is.profile.TolerateUnverifiedEmail {
		return refuse(ReasonSubject)
	}
	return nil
}

func (is *issuer) readGroups(c object, who *authz.Principal) error {
	// An issuer that moves groups out of the token (OpenID Connect Core section
	// 5.6.2) would hide those that the policy denies something.
	if c.has("_claim_names") || c.has("hasgroups") {
		return refuse(ReasonClaims)
	}
	groups, ok := names(c, is.profile.GroupsClaim)
	if !ok {
		return refuse(ReasonClaims)
	}
	who.Groups = groups
	if is.profile.RolesClaim == "" {
		return nil
	}
	who.Roles, ok = names(c, is.profile.RolesClaim)
	if !ok {
		return refuse(ReasonClaims)
	}
	return nil
}

// names returns the array of names in a claim, nil if there is none, and whether
// it is either of these.
func names(c object, claim string) ([]string, bool) {
	if !c.has(claim) {
		return nil, true
	}
	list, ok := c.texts(claim)
	unfit := func(s string) bool { return !isName(s) }
	return list, ok && !slices.ContainsFunc(list, unfit)
}

func (is *issuer) readScopes(c object, who *authz.Principal) error {
	claim := is.profile.ScopeClaim
	if !c.has(claim) {
		return nil
	}
	list, ok := c.texts(claim)
	switch text, isText := c.text(claim); {
	case isText && text == "":
		return nil // some issuers write "no scopes" so
	case isText:
		list = strings.Split(text, " ")
	case !ok || claim == "scope":
		return refuse(ReasonClaims)
	}
	for _, scope := range list {
		if !isScope(scope) {
			return refuse(ReasonClaims)
		}
		if scope, ok := is.translate(scope); ok && !slices.Contains(who.Scopes, scope) {
			who.Scopes = append(who.Scopes, scope)
		}
	}
	return nil
}

func (is *issuer) translate(scope string) (string, bool) {
	if is.profile.ScopeMap == nil {
		return strings.TrimPrefix(scope, is.profile.ScopePrefix), scope != is.profile.ScopePrefix
	}
	scope, ok := is.profile.ScopeMap[scope]
	return scope, ok
}

// readIDs reads what the audit and revocations need.
func readIDs(c object, who *authz.Principal) error {
	for name, to := range map[string]*string{"jti": &who.TokenID, "grant_id": &who.GrantID, "sid": &who.SessionID} {
		if !c.has(name) {
			continue
		}
		id, ok := c.text(name)
		if !ok || !isName(id) {
			return refuse(ReasonClaims)
		}
		*to = id
	}
	return nil
}

// readActor reads act.sub (RFC 8693 section 4.1).
func readActor(c object, who *authz.Principal) error {
	if !c.has("act") {
		return nil
	}
	var act object
	if json.Unmarshal(c["act"], &act) != nil {
		return refuse(ReasonClaims)
	}
	sub, ok := act.text("sub")
	if !ok || !isName(sub) {
		return refuse(ReasonClaims)
	}
	who.Actor = sub
	return nil
}

// isName reports whether s can be shown as it is and not be mistaken for another
// name: 1 to 256 printable characters, none of them control, format (which
// includes bidirectional and zero-width ones) or invisible.
func isName(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > maxName {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			return false
		}
	}
	return true
}

// isScope reports whether s is a scope-token of RFC 6749 section 3.3.
func isScope(s string) bool {
	unfit := func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }
	return s != "" && strings.IndexFunc(s, unfit) < 0
}
