package server

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// The methods that run something of the author's.
const (
	methodCall     = string(mcp.MethodToolsCall)
	methodRead     = string(mcp.MethodResourcesRead)
	methodGet      = string(mcp.MethodPromptsGet)
	methodComplete = string(mcp.MethodCompletionComplete)
)

// allow is what the gate admitted, and nothing else: this caller, this method,
// this name or URI, these arguments (all in rounds), once. It travels in the
// context. The guard in front of every handler asks for it, and has the handler
// run with what is in it, not with what somebody else has read. But for its turn
// it is immutable.
type allow struct {
	rounds
	op        *operation // nil for a list
	older     bool       // of a revision before 2026-07-28
	variables map[string]string
	texts     map[string]string // the arguments of a prompt
	progress  json.RawMessage   // the token for progress notifications, nil for none
	can       message.Capabilities
	// input is what the client has brought back of what the operation left with it.
	input input
	// completion is set for completion/complete, and keep, if it is set too,
	// tells which suggested values the caller may see.
	completion *message.Completion
	keep       func(value string) bool
	// prompts are what prompts/list and prompts/get may see.
	prompts map[string]bool

	turn turn
}

// allow returns what admits the request to run op, or to complete it. Only who
// has decided about it may put it in a context.
func (g *gate) allow(q *question, op *operation) *allow {
	return &allow{
		rounds:   rounds{states: g.states, who: q.who, method: q.msg.Method, name: q.msg.Name, arguments: q.msg.Arguments},
		op:       op,
		older:    q.msg.Older(),
		progress: q.msg.ProgressToken,
		can:      q.msg.Can,
	}
}

// meta returns what the request says about itself with the progress token that was
// read: mcp-go makes a float64 of an integer.
func (a *allow) meta(said *mcp.Meta) *mcp.Meta {
	if said == nil || a.progress == nil || a.progress[0] == '"' {
		return said
	}
	exact := *said
	exact.ProgressToken = json.Number(a.progress)
	return &exact
}

type allowKey struct{}

func withAllow(ctx context.Context, a *allow) context.Context {
	return context.WithValue(ctx, allowKey{}, a)
}

// allowFrom returns what was admitted. Without it the zero value is returned,
// which admits nothing.
func allowFrom(ctx context.Context) *allow {
	if a, ok := ctx.Value(allowKey{}).(*allow); ok && a != nil {
		return a
	}
	return &allow{}
}

// admits tells whether a is the allow to have op answer this method under this
// name, for the caller that a handler finds in ctx.
func (a *allow) admits(ctx context.Context, op *operation, method, name string) bool {
	if op == nil || a.op != op || a.method != method || a.name != name {
		return false
	}
	who, ok := authz.PrincipalFrom(ctx)
	return ok && who.Same(a.who)
}

// turn makes an allow good for one run of a handler. One that asks its client for
// input has another turn if mcp-go itself brings the answers, as it does for
// clients of older revisions, and only with the very state that was left.
type turn struct {
	mu   sync.Mutex
	had  bool
	left string // the state that was left for the next turn, as it was sealed
}

// take tells whether a handler that is given this state may run now. It takes the
// turn, if it is the first or has been left.
func (a *allow) take(state string) bool {
	a.turn.mu.Lock()
	defer a.turn.mu.Unlock()
	if !a.turn.had {
		a.turn.had = true
		return state == a.input.sealed
	}
	left := a.turn.left
	a.turn.left = ""
	return left != "" && state == left
}

// leave grants another turn to who brings this state. A client of revision
// 2026-07-28 comes back with a request of its own, which is decided about anew.
func (a *allow) leave(state string) {
	if !a.older {
		return
	}
	a.turn.mu.Lock()
	defer a.turn.mu.Unlock()
	a.turn.left = state
}
