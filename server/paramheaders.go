package server

import (
	"maps"
	"slices"

	"github.com/sallyport-mcp/sallyport/transport"
)

// mirrored has the headers checked that a call of the tool must repeat
// arguments in. With concealed denials a tool that the caller is never shown has
// none, as a tool that does not exist: its missing header would tell them apart.
func (g *gate) mirrored(q *question, op *operation) *transport.Refusal {
	headers := op.tool.Headers()
	if len(headers) == 0 || q.mirror == nil {
		return nil
	}
	if g.denials == DenialsConceal && !q.policy.Listed(q.who, op.need, false) {
		return nil
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
