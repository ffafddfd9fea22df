package authz

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// Principal is a verified caller: who asks, through which client, with which delegated scopes.
//
// The zero value is nobody: every decision about it is a denial. A Principal is a plain value; its slices must not be
// changed once it is in use.
type Principal struct {
	// Issuer is the URL of the issuer, exactly as in the token.
	Issuer string
	// Alias is the issuer's alias; it is not used when only one issuer is configured.
	Alias string
	// Subject is the sub claim: the user, or the client itself in the client's own token. Never empty for a user.
	Subject string
	// Client is the client_id claim. Never empty.
	Client string
	// Groups are the user's groups, without any prefix.
	Groups []string
	// Roles are the user's roles, only if the issuer's profile names a role claim.
	Roles []string
	// Scopes are the delegated scopes, after the issuer's scope map.
	Scopes []string
	// Machine marks the client's own token, without a user: its subjects are the client and anyone.
	Machine bool
	// TokenID is the jti claim.
	TokenID string
	// GrantID names the grant of the embedded authorization server that the token belongs to.
	GrantID string
	// Actor is act.sub, for the audit; it decides nothing.
	Actor string
	// SessionID is the sid claim: the login at the issuer that the token comes from.
	SessionID string
	// Issued and Expires are when the token begins and ends.
	Issued, Expires time.Time
}

// String names the caller for people: the kind, the subject and the client. Groups, roles, scopes and the token's
// identifiers stay out of it.
func (p Principal) String() string {
	if p.Machine {
		return "client " + p.Client
	}
	return "user " + p.Subject + " via client " + p.Client
}

// Same reports whether p and q are the same caller by the same token, in every field. The order of groups, roles and
// scopes counts.
func (p Principal) Same(q Principal) bool {
	return p.Issuer == q.Issuer && p.Alias == q.Alias && p.Subject == q.Subject && p.Client == q.Client &&
		p.Machine == q.Machine && p.TokenID == q.TokenID && p.GrantID == q.GrantID && p.Actor == q.Actor &&
		p.SessionID == q.SessionID && p.Issued.Equal(q.Issued) && p.Expires.Equal(q.Expires) &&
		slices.Equal(p.Groups, q.Groups) && slices.Equal(p.Roles, q.Roles) && slices.Equal(p.Scopes, q.Scopes)
}

// LogValue lets a Principal be logged as issuer, subject and client, and as nothing else.
func (p Principal) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("issuer", p.Issuer),
		slog.String("subject", p.Subject),
		slog.String("client", p.Client),
	)
}

type principalKey struct{}

// WithPrincipal returns a context that carries the verified caller.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns the verified caller of the context; false if there is none.
func PrincipalFrom(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

// known reports whether p is somebody this policy can decide about. A caller without a name, without a client (whose
// denials would then pass unasked) or from an issuer that is not configured is nobody.
func (p Principal) known(aliases []string) bool {
	if p.Client == "" || (p.Subject == "" && !p.Machine) {
		return false
	}
	return len(aliases) < 2 || slices.Contains(aliases, p.Alias)
}

// subjects returns the names that door two knows the caller by.
func (p Principal) subjects(aliases []string) []string {
	if p.Machine {
		return []string{p.subject(kindClient, p.Client, aliases), subjectAnyone}
	}
	list := []string{p.subject(kindUser, p.Subject, aliases), subjectAnyone}
	for _, g := range p.Groups {
		list = append(list, p.subject(kindGroup, g, aliases))
	}
	for _, r := range p.Roles {
		list = append(list, p.subject(kindRole, r, aliases))
	}
	return list
}

func (p Principal) subject(kind, name string, aliases []string) string {
	if len(aliases) < 2 {
		return kind + ":" + name
	}
	return kind + ":" + p.Alias + "/" + name
}
