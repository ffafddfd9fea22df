package server

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// answersTo returns the responses to what was asked, each read as the result of
// its own kind of request. Others are passed over. It returns false if one that
// was asked for has another shape than the schema of MCP 2026-07-28 gives it
// (ElicitResult, CreateMessageResult, ListRootsResult).
func answersTo(asked map[string]mcp.MCPMethod, responses json.RawMessage) (mcp.InputResponses, bool) {
	if responses == nil {
		return nil, true
	}
	given, ok := object(responses)
	if !ok {
		return nil, false
	}
	answers := make(mcp.InputResponses, len(asked))
	for key, method := range asked {
		raw, ok := given[key]
		if !ok {
			continue // the handler asks again, if it still needs it
		}
		answer, ok := readResponse(method, raw)
		if !ok {
			return nil, false
		}
		answers[key] = answer
	}
	return answers, true
}

// readResponse reads one response. What it returns can be read as that kind
// only: mcp-go would read any response as any kind.
func readResponse(method mcp.MCPMethod, raw json.RawMessage) (mcp.InputResponse, bool) {
	members, ok := object(raw)
	if !ok || hasTwin(members) {
		return mcp.InputResponse{}, false
	}
	switch method {
	case mcp.MethodElicitationCreate:
		ok = isElicited(members)
	case mcp.MethodSamplingCreateMessage:
		ok = isSampled(members)
	case mcp.MethodListRoots:
		ok = isRoots(members)
	default:
		ok = false
	}
	var read mcp.InputResponse
	if !ok || json.Unmarshal(raw, &read) != nil || read.DecodeFor(method) != nil {
		return mcp.InputResponse{}, false
	}
	return mcp.InputResponse{Elicitation: read.Elicitation, Sampling: read.Sampling, Roots: read.Roots}, true
}

// isElicited checks an ElicitResult. What was asked of the person is for the
// handler to compare: only it knows what it can do with an answer that differs.
func isElicited(members map[string]json.RawMessage) bool {
	action, ok := text(members["action"])
	if !ok || !slices.Contains([]string{"accept", "decline", "cancel"}, action) {
		return false
	}
	content, given := members["content"]
	if !given || string(content) == "null" {
		return true
	}
	fields, ok := object(content)
	for _, value := range fields {
		ok = ok && isFormValue(value)
	}
	return ok
}

// isFormValue tells whether a form could hold the value: text, a number, a
// truth value or a list of texts.
func isFormValue(raw json.RawMessage) bool {
	var list []json.RawMessage
	switch raw[0] {
	case '{', 'n':
		return false
	case '[':
		if json.Unmarshal(raw, &list) != nil {
			return false
		}
	}
	return !slices.ContainsFunc(list, func(one json.RawMessage) bool { return one[0] != '"' })
}

// isSampled checks a CreateMessageResult.
func isSampled(members map[string]json.RawMessage) bool {
	role, ok := text(members["role"])
	if !ok || role != string(mcp.RoleUser) && role != string(mcp.RoleAssistant) {
		return false
	}
	if _, ok := text(members["model"]); !ok {
		return false
	}
	var blocks []json.RawMessage
	if json.Unmarshal(members["content"], &blocks) != nil {
		return isBlock(members["content"])
	}
	return blocks != nil && !slices.ContainsFunc(blocks, func(block json.RawMessage) bool { return !isBlock(block) })
}

// isBlock tells whether a content block says what it is.
func isBlock(raw json.RawMessage) bool {
	members, _ := object(raw)
	_, ok := text(members["type"])
	return ok
}

// isRoots checks a ListRootsResult.
func isRoots(members map[string]json.RawMessage) bool {
	var roots []json.RawMessage
	if json.Unmarshal(members["roots"], &roots) != nil || roots == nil {
		return false
	}
	return !slices.ContainsFunc(roots, func(raw json.RawMessage) bool {
		root, _ := object(raw)
		_, ok := text(root["uri"])
		return !ok || hasTwin(root)
	})
}

// responseMembers are the names that have a meaning in a response.
func responseMembers() []string {
	return []string{"_meta", "resultType", "action", "content", "role", "model", "stopReason", "roots", "uri", "name"}
}

// object returns the members of an object, and false for any other value.
func object(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	var members map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &members) != nil || members == nil {
		return nil, false
	}
	return members, true
}

// text returns the value of a JSON string.
func text(raw json.RawMessage) (string, bool) {
	var value string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return "", false
	}
	return value, true
}

// hasTwin tells whether a name is a meaningful one in another case, which
// encoding/json would take for it.
func hasTwin(members map[string]json.RawMessage) bool {
	for name := range members {
		for _, known := range responseMembers() {
			if name != known && strings.EqualFold(name, known) {
				return true
			}
		}
	}
	return false
}
