package server

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/internal/seal"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

func someRounds(t *testing.T) rounds {
	t.Helper()
	keys, err := seal.New(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return rounds{
		states:    states{keys: keys, resource: "https://a.example/mcp", now: func() time.Time { return at }},
		who:       bob(),
		method:    "tools/call",
		name:      "ask",
		arguments: json.RawMessage(`{"a":1}`),
	}
}

// TestM24_EveryPartIsBound changes one part at a time of what a state is for.
func TestM24_EveryPartIsBound(t *testing.T) {
	r := someRounds(t)
	sealed, err := r.seal(&mcp.MultiRoundTripResult{RequestState: "own"})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*rounds){
		"resource":  func(r *rounds) { r.resource = "https://b.example/mcp" },
		"issuer":    func(r *rounds) { r.who.Issuer = "https://j.example" },
		"subject":   func(r *rounds) { r.who.Subject = "alice" },
		"machine":   func(r *rounds) { r.who.Machine = true },
		"client":    func(r *rounds) { r.who.Client = "phone" },
		"method":    func(r *rounds) { r.method = "prompts/get" },
		"name":      func(r *rounds) { r.name = "again" },
		"arguments": func(r *rounds) { r.arguments = json.RawMessage(`{"a":1.0}`) },
		"broken":    func(r *rounds) { r.arguments = json.RawMessage(`{"a":`) },
		"keys":      func(r *rounds) { r.keys = nil },
	} {
		t.Run("M-24 "+name, func(t *testing.T) {
			changed := r
			change(&changed)
			if given, why := changed.receive(sealed, nil); why == nil || why.Reason != "request_state" || given.state != "" {
				t.Errorf("%+v, %v", given, why)
			}
			if given, why := r.receive(sealed, nil); why != nil || given.state != "own" {
				t.Errorf("unchanged: %+v, %v", given, why)
			}
		})
	}
	// A text of the right seal that is no state of ours.
	bound, err := r.bound()
	if err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{
		r.keys.Seal(purposeState, []byte("["), bound...),
		r.keys.Seal("session", []byte(`{"expires":9999999999}`), bound...),
	} {
		if _, why := r.receive(foreign, nil); why == nil {
			t.Error("a foreign text was opened as a state")
		}
	}
	if _, why := r.receive(r.keys.Seal(purposeState, []byte(`{"expires":9999999999}`), bound...), nil); why != nil {
		t.Errorf("the twin: %v", why)
	}
}

// TestGuardSealsOnlyWhatItCanOpen asks for input where no gate has said for whom.
func TestGuardSealsOnlyWhatItCanOpen(t *testing.T) {
	var log bytes.Buffer
	cfg := goodConfig(t)
	cfg.Tools = []tools.Tool{{
		Name: "ask", Description: "Asks.", Scopes: []string{"ask:use"},
		Handler: tools.Raw(tools.SchemaJSON(`{"type":"object"}`), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcpserver.NewInputRequestBuilder("swordfish").ToolResult(), nil
		}),
	}}
	cfg.Stdout = &log
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	op, request := s.ops.tools["ask"], callOf("ask", `{"a":1}`)
	a := admits(op, methodCall, "ask", `{"a":1}`)
	if result, err := op.serverTool.Handler(asBob(t.Context(), a), request); err == nil || result != nil {
		t.Errorf("without keys: %+v, %v", result, err)
	}
	a = &allow{op: op, rounds: someRounds(t)}
	result, err := op.serverTool.Handler(asBob(t.Context(), a), request)
	if err != nil || result.RequestState == "" || strings.Contains(result.RequestState, "swordfish") {
		t.Errorf("with them: %+v, %v", result, err)
	}
}

// TestGuardOpensItsOwnStateAgain calls a handler a second time within one
// request, as mcp-go does for clients of older revisions.
func TestGuardOpensItsOwnStateAgain(t *testing.T) {
	var seen []mcp.MultiRoundTripParams
	cfg := goodConfig(t)
	cfg.Tools = []tools.Tool{{
		Name: "ask", Description: "Asks.", Scopes: []string{"ask:use"},
		Handler: tools.Raw(tools.SchemaJSON(`{"type":"object"}`), func(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			seen = append(seen, request.Params.MultiRoundTripParams)
			return mcpserver.NewInputRequestBuilder("own").Roots("roots").ToolResult(), nil
		}),
	}}
	cfg.Prompts = []tools.Prompt{{
		Name: "ask", Description: "Asks.", Scopes: []string{"ask:use"},
		GetRaw: func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			seen = append(seen, request.Params.MultiRoundTripParams)
			return mcpserver.NewInputRequestBuilder("own").PromptResult(), nil
		},
	}}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := &allow{op: s.ops.tools["ask"], rounds: someRounds(t), older: true, can: message.CanListRoots}
	ctx := asBob(t.Context(), a)
	request := callOf("ask", `{"a":1}`)
	// What the request itself says counts for nothing.
	request.Params.InputResponses = mcp.InputResponses{"roots": mcp.NewRootsInputResponse(mcp.ListRootsResult{Roots: []mcp.Root{}})}
	first, err := a.op.serverTool.Handler(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	request.Params.RequestState = first.RequestState
	request.Params.InputResponses["never"] = mcp.NewElicitationInputResponse(mcp.ElicitationResult{})
	if _, err = a.op.serverTool.Handler(ctx, request); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || len(seen[0].InputResponses) != 0 || seen[0].RequestState != "" ||
		len(seen[1].InputResponses) != 1 || seen[1].InputResponses["roots"].Roots == nil || seen[1].RequestState != "own" {
		t.Errorf("the handler saw %+v", seen)
	}
	if _, err = a.op.serverTool.Handler(ctx, request); err == nil || len(seen) != 2 {
		t.Errorf("the same state again: %v, %d calls", err, len(seen))
	}
	prompt := func() *allow {
		b := &allow{op: s.ops.prompts["ask"], rounds: someRounds(t)}
		b.method, b.older = methodGet, true
		return b
	}
	b, get := prompt(), getOf("ask", nil)
	get.Params.RequestState = "forged"
	if _, err = b.op.serverPrompt.Handler(asBob(t.Context(), b), get); err == nil || len(seen) != 2 {
		t.Errorf("a forged state of a prompt: %v, %d calls", err, len(seen))
	}
	get.Params.RequestState = ""
	b = prompt()
	if _, err = b.op.serverPrompt.Handler(asBob(t.Context(), b), get); err != nil || len(seen) != 3 {
		t.Errorf("a prompt: %v, %d calls", err, len(seen))
	}
	// A state that the guard has left, and that does not open any more.
	b.now = func() time.Time { return time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC) }
	get.Params.RequestState = b.turn.left
	if _, err = b.op.serverPrompt.Handler(asBob(t.Context(), b), get); err == nil || len(seen) != 3 {
		t.Errorf("a state that has expired: %v, %d calls", err, len(seen))
	}
}

// TestReadResponseOfNoKind: what nobody can ask for, nobody can answer.
func TestReadResponseOfNoKind(t *testing.T) {
	raw := json.RawMessage(`{"action":"accept"}`)
	if _, ok := readResponse("tools/call", raw); ok {
		t.Error("an answer to tools/call was read")
	}
	// mcp-go reads any response as any kind; this one is of one kind.
	read, ok := readResponse(mcp.MethodElicitationCreate, raw)
	responses := mcp.InputResponses{"k": read}
	if !ok || mcpserver.ElicitationResponse(responses, "k") == nil || mcpserver.SamplingResponse(responses, "k") != nil || mcpserver.RootsResponse(responses, "k") != nil {
		t.Errorf("%+v, %t", read, ok)
	}
	if _, ok := answersTo(nil, json.RawMessage(`[]`)); ok {
		t.Error("a list of answers was read")
	}
}

func FuzzAnswers(f *testing.F) {
	asked := map[string]mcp.MCPMethod{
		"name": mcp.MethodElicitationCreate, "thought": mcp.MethodSamplingCreateMessage, "roots": mcp.MethodListRoots, "none": "ping",
	}
	f.Add(`{"name":{"action":"accept","content":{"a":["b"],"c":1}},"never":7}`)
	f.Add(`{"thought":{"role":"user","content":[{"type":"text"}],"model":"m"}}`)
	f.Add(`{"roots":{"roots":[{"uri":"file:///a"}]}}`)
	f.Add(`{"none":{}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, responses string) {
		answers, ok := answersTo(asked, json.RawMessage(responses))
		if !ok && answers != nil {
			t.Error("a refusal with answers")
		}
		for key, answer := range answers {
			only := map[string]bool{
				"name":    answer.Elicitation != nil && answer.Sampling == nil && answer.Roots == nil,
				"thought": answer.Elicitation == nil && answer.Sampling != nil && answer.Roots == nil,
				"roots":   answer.Elicitation == nil && answer.Sampling == nil && answer.Roots != nil && answer.Roots.Roots != nil,
			}
			if !only[key] {
				t.Errorf("%s is answered by %+v", key, answer)
			}
		}
	})
}
