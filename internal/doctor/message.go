package doctor

import (
	"encoding/json"
	"net/http"
)

// The two kinds of protocol revision there are: the one whose requests stand for themselves, and the one with sessions.
const (
	modernRevision = "2026-07-28"
	olderRevision  = "2025-11-25"
)

// The JSON-RPC codes that say how far a message came.
const (
	codeMethodNotFound     = -32601
	codeInvalidParams      = -32602
	codeHeaderMismatch     = -32020
	codeUnsupportedVersion = -32022
)

// unknownTool is the name of a tool that no server has.
const unknownTool = "sallyport_doctor_no_such_tool"

// canary is a value that stands where no token may stand. It is no secret; seen again, it shows what reads it.
const canary = "sallyport-doctor-canary-7e2c"

// modern returns a request of revision 2026-07-28.
func (v *visit) modern(method string, params map[string]any) ask {
	full := map[string]any{"_meta": map[string]any{
		"io.modelcontextprotocol/protocolVersion":    modernRevision,
		"io.modelcontextprotocol/clientInfo":         clientInfo(),
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
	}}
	for name, value := range params {
		full[name] = value
	}
	a := v.post(method, message(method, full)).with("Mcp-Protocol-Version", modernRevision).with("Mcp-Method", method)
	if name, ok := params["name"].(string); ok {
		a = a.with("Mcp-Name", name)
	}
	return a
}

// older returns a request of revision 2025-11-25, within a session if there is one.
func (v *visit) older(method string, params map[string]any, session string) ask {
	a := v.post(method+" of "+olderRevision, message(method, params))
	if method != "initialize" {
		a = a.with("Mcp-Protocol-Version", olderRevision)
	}
	if session != "" {
		a = a.with("Mcp-Session-Id", session)
	}
	return a
}

func (v *visit) initialize() ask {
	return v.older("initialize", map[string]any{
		"protocolVersion": olderRevision, "capabilities": map[string]any{}, "clientInfo": clientInfo(),
	}, "")
}

func (v *visit) callUnknown() ask {
	return v.modern("tools/call", map[string]any{"name": unknownTool, "arguments": map[string]any{}}).called("tools/call of an unknown tool")
}

// post returns a request with this body and nothing that says what it is.
func (v *visit) post(name string, body []byte) ask {
	return ask{
		name: name, method: http.MethodPost, url: v.target.String(), body: body,
		header: map[string]string{"Content-Type": "application/json", "Accept": "application/json, text/event-stream"},
	}
}

func get(name, url string) ask {
	return ask{name: name, method: http.MethodGet, url: url, header: map[string]string{"Accept": "application/json"}}
}

func clientInfo() map[string]any { return map[string]any{"name": "sallyport-doctor", "version": "1"} }

func message(method string, params map[string]any) []byte {
	if params == nil {
		params = map[string]any{}
	}
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) // texts and maps of them
	return body
}
