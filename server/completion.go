package server

import (
	"maps"
	"slices"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// The kinds of reference in completion/complete.
const (
	refPrompt   = "ref/prompt"
	refResource = "ref/resource"
)

// complete gates suggestions like the operation that they are for. If a scope
// or a permission names the very variable that is being completed, there is no
// value to decide about yet: then every suggested value is decided about.
func (g *gate) complete(q *question) verdict {
	op, ok := g.completed(q.msg)
	if !ok {
		return refused(transport.UnknownOperation(refKind(q.msg.Completion)), g.nameOf(q.msg))
	}
	c := q.msg.Completion
	a := g.allow(q, op)
	a.completion = c
	if !slices.Contains(op.need.Names(), c.Argument) {
		d, no := g.decide(q, op, valuesOf(c.Context))
		if no != nil {
			return *no
		}
		v := g.suggest(q, a, string(d.Reason()))
		v.rule, v.because = d.Rule(), d.Because()
		return v
	}
	if !q.policy.Listed(q.who, op.need, true) {
		return g.refuseEveryValue(q, op, c.Argument)
	}
	a.keep = func(value string) bool {
		return q.policy.Decide(q.who, op.need, valuesOf(with(c.Context, c.Argument, value))).Allowed()
	}
	return g.suggest(q, a, reasonListed)
}

// with returns a copy of values in which name has the given value.
func with(values map[string]string, name, value string) map[string]string {
	all := maps.Clone(values)
	if all == nil {
		all = map[string]string{}
	}
	all[name] = value
	return all
}

// suggest lets a completion pass. Nothing but its provider can be reached.
func (g *gate) suggest(q *question, a *allow, reason string) verdict {
	return admitted(&transport.Pass{Context: withAllow(q.ctx, a)}, a.op.name, reason)
}

// refuseEveryValue refuses a completion of which no value could be allowed. If
// the policy permits some value and the scopes can be named, a step-up helps.
func (g *gate) refuseEveryValue(q *question, op *operation, declared string) verdict {
	v := verdict{name: op.name, door: authz.DoorTwo, reason: string(authz.ReasonPermissionMissing)}
	v.because = "no value of {" + declared + "} could be allowed"
	fixed := !slices.ContainsFunc(op.need.Scopes(), func(t authz.Template) bool { return len(t.Names()) > 0 })
	if fixed && q.policy.Listed(q.who, op.need, false) {
		v.door, v.reason = authz.DoorOne, string(authz.ReasonScopeMissing)
		v.refusal = g.stepUp(q, texts(op.need.Scopes()))
		return v
	}
	v.refusal = g.denial(op, op.need.Permissions()[0].String())
	return v
}

// completed returns the operation a completion is for. A resource is named by
// its URI or URI template as declared.
func (g *gate) completed(msg *message.Message) (*operation, bool) {
	if msg.Completion == nil {
		return nil, false
	}
	if msg.Completion.RefType == refPrompt {
		op, ok := g.ops.prompts[msg.Name]
		return op, ok
	}
	op, ok := g.ops.resources[msg.Name]
	return op, ok
}

func refKind(c *message.Completion) string {
	if c != nil && c.RefType == refPrompt {
		return string(kindPrompt)
	}
	return string(kindResource)
}
