package server

import (
	"maps"
	"slices"

	"github.com/sallyport-mcp/sallyport/authz"
)

// paramHeaders tells which headers a call of the tool must mirror. With
// concealed denials a tool that the caller is never shown has none, as a tool
// that does not exist: its missing header would tell them apart.
func (s *Server) paramHeaders(who authz.Principal, tool string) map[string][]string {
	op, ok := s.ops.tools[tool]
	if !ok {
		return nil
	}
	headers := op.tool.Headers()
	if len(headers) > 0 && s.cfg.Denials == DenialsConceal && !s.store.policy().Listed(who, op.need, false) {
		return nil
	}
	return headers
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
