package server

import (
	"maps"
	"slices"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
)

// mirrored has the headers checked that a call of the tool must repeat
// arguments in. A denial that is concealed comes before: an unknown tool has no
// such headers, so a complaint about one would tell the two apart.
func (g *gate) mirrored(q *question, op *operation) *transport.Refusal {
	headers := op.tool.Headers()
	if len(headers) == 0 || q.mirror == nil {
		return nil
	}
	if g.denials == DenialsConceal {
		if d := q.policy.Decide(q.who, op.need, q.msg.Argument); !d.Allowed() && d.Door() != authz.DoorOne {
			return nil // withArguments says so
		}
	}
	return q.mirror(headers)
}

// paramHeaderNames returns the headers that any tool has mirrored.
func (ops *operations) paramHeaderNames() []string {
	names := map[string]bool{}
	for _, op := range ops.tools {
		for name := range op.tool.Headers() {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
