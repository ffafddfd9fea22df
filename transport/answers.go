package transport

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// errNoAnswer is what a handler gets for an answer that is not what was asked for.
// Decoded, it would look like one that leaves things out.
var errNoAnswer = errors.New("the answer of the client is not of the kind that was asked for")

// fits checks the answer to a request of the server (MCP 2025-11-25,
// "Elicitation", "Sampling", "Roots").
func fits(method mcp.MCPMethod, raw json.RawMessage) error {
	fit := false
	switch method {
	case mcp.MethodElicitationCreate:
		m := exactly(raw, "action", "content")
		fit = slices.Contains([]string{`"accept"`, `"decline"`, `"cancel"`}, string(m["action"]))
	case mcp.MethodSamplingCreateMessage:
		m := exactly(raw, "role", "content", "model", "stopReason")
		fit = slices.Contains([]string{`"user"`, `"assistant"`}, string(m["role"])) && isText(m["model"])
	case mcp.MethodListRoots:
		var roots []json.RawMessage
		fit = json.Unmarshal(exactly(raw, "roots")["roots"], &roots) == nil && roots != nil &&
			!slices.ContainsFunc(roots, func(root json.RawMessage) bool { return !isText(exactly(root, "uri", "name")["uri"]) })
	}
	if !fit {
		return errNoAnswer
	}
	return nil
}

// exactly returns the members of an object, and nothing of one in which a name
// that has a meaning is spelled in another case, for encoding/json would take it.
func exactly(raw json.RawMessage, known ...string) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	for name := range members {
		if slices.ContainsFunc(known, func(k string) bool { return name != k && strings.EqualFold(name, k) }) {
			return nil
		}
	}
	return members
}

// isText reports whether raw is a string that is not empty.
func isText(raw json.RawMessage) bool {
	var s string
	return json.Unmarshal(raw, &s) == nil && s != ""
}
