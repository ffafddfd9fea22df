package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// call is a tool called with a token, and what must come of it.
type call struct {
	tool         string
	status, door int
	reason       string
	row          string // of the policy, if one decided
}

// caller is somebody with a token, and what it must be read as.
type caller struct {
	name, scope string
	groups      []string
	roles       []string
	calls       []call
}

const (
	readRow  = "p, role:reader, notes, read, allow"
	writeRow = "p, role:editor, notes, write, allow"
	adminRow = "p, role:admin, notes, *, allow"
)

func allowed(tool, row string) call {
	return call{tool: tool, status: http.StatusOK, reason: "allowed", row: row}
}

func shut(door int, tool string) call {
	return call{tool: tool, status: http.StatusForbidden, door: door, reason: map[int]string{1: "scope_missing", 2: "permission_missing"}[door]}
}

// callers are people who log in: alice has her role from the token, bob his by a group, carol hers by her name.
func callers() []caller {
	const both = "notes:read notes:write"
	return []caller{
		{name: "alice", scope: both, roles: []string{"admin"}, groups: []string{"staff"}, calls: []call{
			allowed("notes_search", readRow), allowed("notes_create", writeRow), allowed("notes_delete", adminRow),
		}},
		{name: "alice", scope: "notes:read", roles: []string{"admin"}, groups: []string{"staff"}, calls: []call{
			allowed("notes_search", readRow), shut(1, "notes_create"), shut(1, "notes_delete"),
		}},
		{name: "carol", scope: both, calls: []call{allowed("notes_search", readRow), shut(2, "notes_create"), shut(2, "notes_delete")}},
		{name: "bob", scope: both, groups: []string{"editors"}, calls: []call{
			allowed("notes_search", readRow), allowed("notes_create", writeRow), shut(2, "notes_delete"),
		}},
	}
}

// people has everybody log in, and calls the tools with what they get. The last one's tokens are kept: bob's.
func (t *trial) people(ctx context.Context) error {
	for i, who := range callers() {
		got, err := t.authorize(ctx, login{client: "notes-cli", person: who.name, scope: "openid " + who.scope, resource: t.resource()})
		if err != nil {
			return fmt.Errorf("%s cannot log in: %w", who.name, err)
		}
		if i == 0 {
			t.looksOf(got)
		}
		t.known = got
		about := read{
			Subject: t.subjects[who.name], Client: "notes-cli", Groups: who.groups,
			Roles: append(slices.Clone(who.roles), t.roles...), Scopes: append(strings.Fields(who.scope), t.scopes...),
		}
		t.calls(ctx, who.name+" with "+who.scope, got.Access, about, who.calls)
	}
	return nil
}

// looksOf compares what a login gave with the fixtures.
func (t *trial) looksOf(got tokens) {
	t.looks("user", got.Access)
	t.looks("id", got.ID)
	if t.refreshes != "" { // and not opaque
		t.looks(t.refreshes, got.Refresh)
	}
}

// service has a client gain a token of its own.
func (t *trial) service(ctx context.Context) error {
	const scope = "notes:read notes:write"
	got, err := t.own(ctx, "notes-service", scope, t.resource())
	if err != nil {
		return fmt.Errorf("the service gets no token: %w", err)
	}
	t.looks("client", got.Access)
	about := read{Subject: t.subjects["service"], Client: "notes-service", Machine: true, Roles: t.roles, Scopes: append(strings.Fields(scope), t.ownScopes...)}
	t.calls(ctx, "a service", got.Access, about, []call{allowed("notes_search", readRow), shut(2, "notes_create")})
	if t.second != nil {
		return t.second(ctx, t)
	}
	return nil
}

// rfc9068 has a client of Keycloak gain a token of its own whose header has the type of RFC 9068. The profile does not name this client as a
// service, so that what it gets is the token of a user: that of its service account.
func rfc9068(ctx context.Context, t *trial) error {
	got, err := t.own(ctx, "notes-service-rfc9068", "notes:read", t.resource())
	if err != nil {
		return fmt.Errorf("the second service gets no token: %w", err)
	}
	t.looks("client-rfc9068", got.Access)
	about := read{
		Subject: "5e411ce0-0000-4000-8000-000000000005", Client: "notes-service-rfc9068", Roles: t.roles,
		Scopes: append([]string{"notes:read"}, t.ownScopes...),
	}
	t.calls(ctx, "a service with at+jwt", got.Access, about, []call{allowed("notes_search", readRow), shut(2, "notes_create")})
	return nil
}

// calls makes calls with one token. What is expected of the caller is completed here by what the issuer adds for everybody.
func (t *trial) calls(ctx context.Context, who, token string, about read, calls []call) {
	t.check(who+": is read as the right caller", t.readAs(ctx, token, about))
	for _, c := range calls {
		what := fmt.Sprintf("%s: %s %d", who, c.tool, c.status)
		if c.door > 0 {
			what += fmt.Sprintf(" at door %d", c.door)
		}
		t.check(what, t.make(ctx, c, token, about))
	}
}

// readAs compares what whoami says.
func (t *trial) readAs(ctx context.Context, token string, want read) error {
	got, err := t.gate.call(ctx, token, "whoami")
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("whoami: %d", got.status)
	}
	if seen := got.Result.Structured; !seen.equal(want) {
		return fmt.Errorf("read as %+v, want %+v", seen, want)
	}
	return nil
}

// equal compares without regard to the order of lists.
func (r read) equal(other read) bool {
	same := func(a, b []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
	}
	return r.Subject == other.Subject && r.Client == other.Client && r.Machine == other.Machine &&
		same(r.Groups, other.Groups) && same(r.Roles, other.Roles) && same(r.Scopes, other.Scopes)
}

// make makes one call and compares the answer and its record.
func (t *trial) make(ctx context.Context, c call, token string, about read) error {
	said, err := decode(token)
	if err != nil {
		return err
	}
	got, err := t.gate.call(ctx, token, c.tool)
	if err != nil {
		return err
	}
	if got.status != c.status || got.Error.Data.Door != c.door {
		return fmt.Errorf("%d at door %d", got.status, got.Error.Data.Door)
	}
	if stepUp := strings.Contains(got.challenge, "insufficient_scope"); stepUp != (c.door == 1) {
		return fmt.Errorf("door %d with the challenge %q", c.door, got.challenge)
	}
	rec, err := t.gate.recorded(ctx, c.tool, text(said.Claims, "jti"))
	if err != nil {
		return err
	}
	if rec.Rule != "" {
		if rec.Rule, err = row(t.flags.policy, rec.Rule); err != nil {
			return err
		}
	}
	want := record{
		Issuer: t.issuer.url, Subject: about.Subject, Client: about.Client, TokenID: text(said.Claims, "jti"), Method: "tools/call", Name: c.tool,
		Decision: "allow", Door: c.door, Reason: c.reason, Rule: c.row,
	}
	if c.door > 0 {
		want.Decision = "deny"
	}
	if rec != want {
		return fmt.Errorf("recorded as %+v, want %+v", rec, want)
	}
	return nil
}

// looks compares what a token looks like with its fixture.
func (t *trial) looks(kind, token string) {
	said, err := decode(token)
	if err == nil {
		addresses := strings.NewReplacer(strings.TrimSuffix(t.issuer.url, "/realms/"+realm), t.example, t.gate.origin, "http://127.0.0.1:8080")
		err = t.compare(t.name+"-"+kind, said.shape(addresses))
	}
	t.check(kind+" token: looks as transport/token/testdata/profiles says", err)
}

// refused shows what must not be accepted. That bob's access token is, was seen before and is seen again.
func (t *trial) refused(ctx context.Context) error {
	elsewhere, err := t.authorize(ctx, t.other)
	if err != nil {
		return fmt.Errorf("%s cannot log in for another resource: %w", t.other.person, err)
	}
	t.looks("user-elsewhere", elsewhere.Access)
	for _, bad := range []struct{ kind, what, token string }{
		{"other", "a token for another resource", elsewhere.Access},
		{"id", "an ID token", t.known.ID},
		{"refresh", "a refresh token", t.known.Refresh},
	} {
		if bad.token == "" {
			return errors.New("the issuer gave no token of the kind: " + bad.what)
		}
		t.check(bad.what+" is 401", t.gate.expect(ctx, bad.token, "notes_search", http.StatusUnauthorized))
		t.wanted[t.reasons[bad.kind]]++
	}
	t.check("the access token of the same login is 200", t.gate.expect(ctx, t.known.Access, "notes_search", http.StatusOK))
	return nil
}
