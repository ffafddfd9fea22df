package server_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
)

// marked is a text that says whose it is: caller and request.
var marked = regexp.MustCompile(`canary\.(\d+)\.(\d+)\.end|(?:user|greedy)-(\d+)`)

// canary marks what belongs to one request.
func canary(worker, seq int) string { return fmt.Sprintf("canary.%d.%d.end", worker, seq) }

// foreign returns what in a text belongs to another caller or request.
func foreign(text string, worker, seq int) string {
	for _, m := range marked.FindAllStringSubmatch(text, -1) {
		theirs := m[1] + m[3]
		if theirs != strconv.Itoa(worker) || m[2] != "" && m[2] != strconv.Itoa(seq) {
			return m[0]
		}
	}
	return ""
}

// soakHandlers are the operations of the campaign. Each looks whether what it is given belongs together: the caller and
// the trace in its context, and the canary in its arguments.
type soakHandlers struct {
	bleeding *complaints
	began    []chan struct{} // by caller: a call that waits has begun
	ended    []chan struct{}
	release  []chan struct{}
}

func newSoakHandlers(bleeding *complaints) *soakHandlers {
	h := &soakHandlers{bleeding: bleeding}
	for range soakers {
		h.began = append(h.began, make(chan struct{}, soakPlaces))
		h.ended = append(h.ended, make(chan struct{}, soakPlaces))
		h.release = append(h.release, make(chan struct{}))
	}
	return h
}

type canaryIn struct {
	Canary string `json:"canary"`
}

// own checks a handler's context against the canary it was given, and returns the caller's number and what to answer.
func (h *soakHandlers) own(ctx context.Context, given string) (int, string) {
	who, _ := authz.PrincipalFrom(ctx)
	info, _ := transport.InfoFrom(ctx)
	about := markOf(info.TraceID)
	kind, number, _ := strings.Cut(who.Subject, "-")
	if given != canary(about.worker, about.seq) || number != strconv.Itoa(about.worker) || who.Client != "client-"+number {
		h.bleeding.add("a handler was given %q by %v within %+v", given, who, about)
	}
	tools.Progress(ctx, 1, 2, given)
	tools.Log(ctx, tools.LevelInfo, given)
	return about.worker, kind + "-" + number + " " + given
}

func (h *soakHandlers) work(ctx context.Context, in canaryIn) (string, error) {
	_, text := h.own(ctx, in.Canary)
	return text, nil
}

func (h *soakHandlers) raw(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	_, text := h.own(ctx, r.GetString("canary", ""))
	return mcp.NewToolResultText(text), nil
}

// waits ends with its context.
func (h *soakHandlers) waits(ctx context.Context, in canaryIn) (string, error) {
	worker, _ := h.own(ctx, in.Canary)
	h.began[worker] <- struct{}{}
	<-ctx.Done()
	h.ended[worker] <- struct{}{}
	return "", ctx.Err()
}

// holds keeps its place until it is released.
func (h *soakHandlers) holds(ctx context.Context, in canaryIn) (string, error) {
	worker, text := h.own(ctx, in.Canary)
	h.began[worker] <- struct{}{}
	select {
	case <-h.release[worker]:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// asks asks for a word, and keeps the canary in its state.
func (h *soakHandlers) asks(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	given := r.GetString("canary", "")
	answer, ok := r.Params.InputResponses["word"]
	if !ok {
		h.own(ctx, given)
		form := mcp.ElicitationParams{Message: given, RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}}}
		return mcpserver.NewInputRequestBuilder("state of "+given).Elicit("word", form).ToolResult(), nil
	}
	if r.Params.RequestState != "state of "+given || answer.Elicitation == nil || fmt.Sprint(answer.Elicitation.Content) != "map[word:"+given+"]" {
		h.bleeding.add("a handler of %q was given the state %q and the answer %+v", given, r.Params.RequestState, answer.Elicitation)
	}
	_, text := h.own(ctx, given)
	return mcp.NewToolResultText(text + " " + r.Params.RequestState), nil
}

func (h *soakHandlers) declare(c *server.Config) {
	failing := func(fail func()) tools.Handler {
		return tools.Typed(func(ctx context.Context, in canaryIn) (string, error) {
			h.own(ctx, in.Canary)
			fail()
			return "", errors.New("SELECT canary.99.99.end")
		})
	}
	tool := func(name, scope string, handler tools.Handler) tools.Tool {
		return tools.Tool{Name: name, Description: "Works.", Scopes: []string{scope}, Handler: handler}
	}
	c.Tools = []tools.Tool{
		tool("work", "work:use", tools.Typed(h.work)), tool("raw", "work:use", tools.Raw(tools.SchemaFor[canaryIn](), h.raw)),
		tool("asks", "work:use", tools.Raw(tools.SchemaFor[canaryIn](), h.asks)), tool("moves", "moves:use", tools.Typed(h.work)),
		tool("waits", "work:use", tools.Typed(h.waits)), tool("holds", "work:use", tools.Typed(h.holds)), tool("secret", "secret:use", tools.Typed(h.work)),
		{Name: "undelegated", Description: "Works.", Scopes: []string{"more:use"}, Permissions: []string{"work:use"}, Handler: tools.Typed(h.work)},
		tool("fails", "work:use", failing(func() {})), tool("panics", "work:use", failing(func() { panic("canary.99.99.end") })),
		tool("exits", "work:use", failing(runtime.Goexit)),
	}
	c.Resources = []tools.Resource{{
		URI: "note://{id}", Name: "note", Description: "A note.", Scopes: []string{"note:read"}, Permissions: []string{"note/{id}:read"},
		Read: func(ctx context.Context, r tools.ResourceRequest) (tools.Contents, error) {
			_, text := h.own(ctx, r.Variables["id"])
			return tools.Text(text), nil
		},
		Complete: map[string]tools.CompleteFunc{"id": func(ctx context.Context, typed string) ([]string, error) {
			_, _ = h.own(ctx, typed)
			return []string{typed}, nil
		}},
	}}
	c.Prompts = []tools.Prompt{{
		Name: "say", Description: "Says.", Scopes: []string{"work:use"}, Arguments: []tools.Argument{{Name: "canary"}},
		Get: func(ctx context.Context, arguments map[string]string) ([]tools.Message, error) {
			_, text := h.own(ctx, arguments["canary"])
			return []tools.Message{tools.User(text)}, nil
		},
		Complete: map[string]tools.CompleteFunc{"canary": func(ctx context.Context, typed string) ([]string, error) {
			_, text := h.own(ctx, typed)
			return []string{text}, nil
		}},
	}}
}
