package server

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// gate decides about every request of a verified caller and records what it
// decided. It implements [transport.Gate].
type gate struct {
	ops     *operations
	methods map[string]row
	policy  func() *authz.Policy
	// revoked tells whether a token that was good is so no more; nil means that
	// none ever is.
	revoked  func(context.Context, authz.Principal) (bool, error)
	audit    *auditLog
	traces   *traces
	toIssuer func(issuer, scope string) string // a scope as the issuer spells it
	states   states
	// implementation is how the server names itself in results.
	implementation mcp.Implementation

	visibility Visibility
	denials    Denials
	now        func() time.Time
	logger     *slog.Logger
}

var _ transport.Gate = (*gate)(nil)

// question is one request on its way through the gate. All of it is decided by
// the one policy revision it was given.
type question struct {
	ctx    context.Context //nolint:containedctx // lives for one call of Admit
	who    authz.Principal
	msg    *message.Message
	mirror transport.Mirror // nil if the headers were checked before
	policy *authz.Policy
}

// verdict is the gate's answer: a pass or a refusal, and what the audit says.
// The zero value is neither and becomes a refusal.
type verdict struct {
	pass    *transport.Pass
	refusal *transport.Refusal
	name    string // for the audit
	reason  string // for the audit
	door    authz.Door
	rule    string // for the audit
	because string // for the audit
}

// admitted is a verdict that lets the request pass.
func admitted(pass *transport.Pass, name, reason string) verdict {
	return verdict{pass: pass, name: name, reason: reason}
}

// refused is a verdict without a decision of the policy behind it.
func refused(why *transport.Refusal, name string) verdict {
	return verdict{refusal: why, name: name, reason: why.Reason}
}

// Admit implements [transport.Gate]. Whatever goes wrong is a refusal.
func (g *gate) Admit(
	ctx context.Context, who authz.Principal, msg *message.Message, mirror transport.Mirror,
) (*transport.Pass, *transport.Refusal) {
	started := g.now()
	ctx = g.traces.begin(ctx, msg)
	q := &question{ctx: ctx, who: who, msg: msg, mirror: mirror, policy: g.policy()}
	v := g.ask(q)
	if v.pass != nil {
		v.pass.Recheck = g.recheck(q, v.pass)
	}
	r := newRecord(ctx, started)
	r.who, r.method, r.name = who, msg.Method, v.name
	r.allow, r.door, r.reason, r.rule, r.because = v.pass != nil, int(v.door), v.reason, v.rule, v.because
	r.revision, r.duration = q.policy.Revision(), g.now().Sub(started)
	if why := g.settle(r); why != nil {
		v.pass, v.refusal = nil, why
	}
	g.traces.decided(ctx, r, v.refusal)
	return v.pass, v.refusal
}

// ask runs the method's row. A panic in it is a refusal and an alarm.
func (g *gate) ask(q *question) verdict {
	v := refused(transport.Internal("gate_failed"), "")
	func() {
		defer func() {
			if cause := recover(); cause != nil {
				g.logger.ErrorContext(q.ctx, "the gate failed and refused the request", "method", q.msg.Method)
			}
		}()
		v = g.methods[q.msg.Method].answer(g, q)
	}()
	if (v.pass == nil) == (v.refusal == nil) {
		return refused(transport.Internal("gate_failed"), "")
	}
	return v
}

// reasonRefused is the audit's word for a refusal that brings none of its own.
const reasonRefused = "refused"

// Refused implements [transport.Gate]. Refusals before a verified token are
// counted together, for whoever has no token must not fill a disk.
func (g *gate) Refused(ctx context.Context, who *authz.Principal, msg *message.Message, why *transport.Refusal) {
	now := g.now()
	if who != nil {
		ctx = g.traces.begin(ctx, msg)
	}
	r := newRecord(ctx, now)
	r.reason = cmp.Or(why.Reason, reasonRefused)
	r.revision = cmp.Or(why.PolicyRevision, g.policy().Revision())
	defer g.traces.decided(ctx, r, why)
	if who == nil {
		info, _ := transport.InfoFrom(ctx)
		r.address = info.Remote
		g.audit.addAnonymous(r)
		return
	}
	r.who = *who
	if info, ok := transport.InfoFrom(ctx); ok {
		r.duration = now.Sub(info.Start)
	}
	if msg != nil {
		r.method = msg.Method
		r.name = g.nameOf(msg)
	}
	g.audit.add(r)
}

// newRecord starts a record with what names the request.
func newRecord(ctx context.Context, at time.Time) *record {
	info, _ := transport.InfoFrom(ctx)
	return &record{time: at, requestID: info.RequestID, traceID: info.TraceID}
}

// decide asks both doors about running op and turns a no into its refusal.
// The second result is nil if the answer is yes.
func (g *gate) decide(q *question, op *operation, values authz.Values) (authz.Decision, *verdict) {
	d := q.policy.Decide(q.who, op.need, values)
	if d.Allowed() {
		return d, nil
	}
	v := verdict{
		refusal: g.refusal(q, op, d),
		name:    op.name,
		reason:  string(d.Reason()),
		door:    d.Door(),
		rule:    d.Rule(),
		because: d.Because(),
	}
	return d, &v
}

// refusal is what the client gets for a decision that is no.
func (g *gate) refusal(q *question, op *operation, d authz.Decision) *transport.Refusal {
	if d.Door() == authz.DoorOne {
		return g.stepUp(q, d.Scopes())
	}
	return g.denial(op, d.Permission())
}

// stepUp names the scopes to ask for as the token's issuer spells them.
func (g *gate) stepUp(q *question, scopes []string) *transport.Refusal {
	for i, scope := range scopes {
		scopes[i] = g.toIssuer(q.who.Issuer, scope)
	}
	return transport.InsufficientScope(scopes)
}

// denial answers what the policy denies. Concealed, it is what an unknown name
// gets, down to the last byte.
func (g *gate) denial(op *operation, permission string) *transport.Refusal {
	if g.denials == DenialsConceal {
		return transport.UnknownOperation(string(op.kind))
	}
	return transport.Denied(permission)
}

// run lets one operation pass: the request sees it and nothing else.
func (g *gate) run(q *question, d authz.Decision, a *allow) verdict {
	pass := &transport.Pass{Context: withAllow(q.ctx, a)}
	a.op.only(pass, a.name)
	v := admitted(pass, a.op.name, string(d.Reason()))
	v.rule, v.because = d.Rule(), d.Because()
	return v
}

// nameOf returns what a message is about, for the audit. Names of tools and
// prompts are no secret; what a URI holds beyond a declared one may be, so of
// a template only the template is told, and of an unknown URI its scheme.
func (g *gate) nameOf(msg *message.Message) string {
	about := msg.Name
	switch {
	case strings.HasPrefix(msg.Method, "resources/"):
	case msg.Completion != nil && msg.Completion.RefType == refResource:
	default:
		return about
	}
	if _, declared := g.ops.resources[about]; declared {
		return about
	}
	if target, _, ok := g.ops.catalogue.Resource(about); ok {
		return target.Declaration().URI
	}
	scheme, _, found := strings.Cut(about, ":")
	if !found {
		return ""
	}
	return scheme + ":"
}
