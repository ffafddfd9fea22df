package server

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// listen gates subscriptions/listen. Changes of lists are for everybody, since
// nobody hears of what they do not see; each resource is decided about as if it
// were read, and left out of what is granted if it may not be.
func (g *gate) listen(q *question) verdict {
	filter := *q.msg.Filter
	filter.URIs = slices.DeleteFunc(slices.Clone(filter.URIs), func(uri string) bool { return !g.reads(q.policy, q.who, uri) })
	pass := &transport.Pass{Context: withAllow(q.ctx, &allow{}), Subscription: g.subscription(q)}
	pass.Subscription.Filter = filter
	// Asked again, it is about what was granted; the body is not kept for it.
	q.msg = &message.Message{Revision: q.msg.Revision, Method: q.msg.Method, Filter: &filter}
	return admitted(pass, "", reasonListed)
}

// subscribe gates resources/subscribe and resources/unsubscribe like reading.
func (g *gate) subscribe(q *question) verdict {
	v := g.readResource(q)
	if v.pass != nil {
		v.pass.Context = withAllow(q.ctx, &allow{})
		v.pass.Resources = nil // it is not read
	}
	return v
}

// reads tells whether who may read the resource now.
func (g *gate) reads(policy *authz.Policy, who authz.Principal, uri string) bool {
	target, variables, ok := g.ops.catalogue.Resource(uri)
	if !ok {
		return false
	}
	op := g.ops.resources[target.Declaration().URI]
	return policy.Decide(who, op.need, valuesOf(variables)).Allowed()
}

// subscription is what a stream of this caller may hear of.
func (g *gate) subscription(q *question) *transport.Subscription {
	under, seen := q.policy, g.looks(q.policy, q.who)
	return &transport.Subscription{
		Sees: func(c transport.Change) bool { return g.sees(g.policy(), q.who, c) },
		Lists: func() []transport.Change {
			policy := g.policy()
			if policy == under {
				return nil
			}
			var changed []transport.Change
			now := g.looks(policy, q.who)
			for kind, look := range now {
				if look != seen[kind] {
					changed = append(changed, transport.Change{Kind: kind})
				}
			}
			under, seen = policy, now
			return changed
		},
	}
}

// sees tells whether who may hear of a change under a policy: of a list, if
// something that changed is on the caller's; of a resource, if the caller may
// read it.
func (g *gate) sees(policy *authz.Policy, who authz.Principal, c transport.Change) bool {
	if c.Kind == transport.ResourceUpdated {
		return len(c.Names) == 1 && g.reads(policy, who, c.Names[0])
	}
	if len(c.Names) == 0 {
		return true
	}
	granted := g.visibility == VisibilityGranted
	return slices.ContainsFunc(g.ops.all, func(op *operation) bool {
		return listOf(op) == c.Kind && slices.Contains(c.Names, op.name) && policy.Listed(who, op.need, granted)
	})
}

// listOf is the list that an operation is on.
func listOf(op *operation) transport.ChangeKind {
	switch op.kind {
	case kindTool:
		return transport.ToolsChanged
	case kindPrompt:
		return transport.PromptsChanged
	default:
		return transport.ResourcesChanged
	}
}

// looks is what the lists of a caller look like under a policy, as digests.
func (g *gate) looks(policy *authz.Policy, who authz.Principal) map[transport.ChangeKind][sha256.Size]byte {
	granted := g.visibility == VisibilityGranted
	names := map[transport.ChangeKind][]byte{transport.ToolsChanged: nil, transport.PromptsChanged: nil, transport.ResourcesChanged: nil}
	for _, op := range g.ops.all {
		if policy.Listed(who, op.need, granted) {
			kind := listOf(op)
			names[kind] = append(append(names[kind], op.name...), 0)
		}
	}
	looks := map[transport.ChangeKind][sha256.Size]byte{}
	for kind, all := range names {
		looks[kind] = sha256.Sum256(all)
	}
	return looks
}

// recheck returns what tells whether a request that was admitted still would be.
// As long as the policy is the same, that is a question of revocation only.
func (g *gate) recheck(q *question, pass *transport.Pass) func() *transport.Refusal {
	before := q.policy
	return func() *transport.Refusal {
		if why := g.withdrawn(q.ctx, q.who); why != nil {
			return why
		}
		policy := g.policy()
		if policy == before {
			return nil
		}
		again := g.ask(&question{ctx: q.ctx, who: q.who, msg: q.msg, policy: policy})
		switch {
		case again.refusal != nil:
			again.refusal.PolicyRevision = policy.Revision()
			return again.refusal
		case pass.Subscription != nil && len(again.pass.Subscription.Filter.URIs) < len(pass.Subscription.Filter.URIs):
			why := transport.Denied("")
			why.Data, why.PolicyRevision = nil, policy.Revision()
			return why
		}
		before = policy
		return nil
	}
}

// withdrawn tells whether a token was revoked since it was verified.
func (g *gate) withdrawn(ctx context.Context, who authz.Principal) *transport.Refusal {
	if g.revoked == nil {
		return nil
	}
	revoked, err := g.revoked(ctx, who)
	switch {
	case err != nil:
		return transport.Unavailable(0, token.ReasonNoRevocations)
	case revoked:
		return transport.InvalidToken(token.ReasonRevoked)
	}
	return nil
}

// AdmitSession implements [transport.Gate]: a valid token is enough for the
// stream of one's own session, which tells of nothing the caller may not see,
// and for its end.
func (g *gate) AdmitSession(ctx context.Context, who authz.Principal, verb string) (*transport.Pass, *transport.Refusal) {
	started := g.now()
	ctx = g.traces.beginSession(ctx, verb)
	q := &question{ctx: ctx, who: who, msg: &message.Message{}, policy: g.policy()}
	pass := &transport.Pass{Context: ctx, Subscription: g.subscription(q)}
	pass.Recheck = func() *transport.Refusal { return g.withdrawn(ctx, who) }
	r := newRecord(ctx, started)
	r.who, r.method, r.allow, r.reason = who, verb, true, reasonValidToken
	r.revision, r.duration = q.policy.Revision(), g.now().Sub(started)
	why := g.settle(r)
	g.traces.decided(ctx, r, why)
	if why != nil {
		return nil, why
	}
	return pass, nil
}
