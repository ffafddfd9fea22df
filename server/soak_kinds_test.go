package server_test

import (
	"strings"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// soakPlaces is how many calls one caller may have running.
const soakPlaces = 3

// kind is a kind of request, with what the audit has to say of it.
type kind struct {
	title  string
	weight int // among the others; 0 is sent by another kind only
	method string
	name   string
	allow  bool
	reason string
	door   int
	greedy bool // sent by the other self of the caller
	moving bool // what is decided changes with the policy
	era    era
	send   func(w *soaker, k int)
}

// era says in which revisions a kind can be sent; the zero value is all.
type era int

const (
	anyEra era = iota
	modernOnly
	olderOnly
)

// outcome is how the metrics count it.
func (k kind) outcome(m mark) string {
	l := k.record(m)
	return l.Decision + " " + l.Reason
}

// asking makes a kind that is one request: what it asks, what comes back, and how often its canary does.
func (k kind) asking(about func(canary string) params, fits func(*servertest.Answer) bool, marks int) kind {
	k.send = func(w *soaker, i int) {
		m := w.next(i)
		a := w.post(m, w.client, k.method, about(canary(m.worker, m.seq)))
		w.judge(m, a, fits(a), marks)
	}
	return k
}

func worked(a *servertest.Answer) bool { return a.OK() }

func failed(a *servertest.Answer) bool {
	return !a.OK() && strings.Contains(string(a.Body), "internal error (ref ")
}

func coded(code int) func(*servertest.Answer) bool {
	return func(a *servertest.Answer) bool { return a.Code == code }
}

func calling(tool string) func(string) params {
	return func(c string) params { return params{"name": tool, "arguments": params{"canary": c}} }
}

func suggesting(kind, member, name, argument string) func(string) params {
	return func(c string) params {
		return params{"ref": params{"type": kind, member: name}, "argument": params{"name": argument, "value": c}}
	}
}

// soakKinds is everything that is sent. A thousand together would be one of each weight.
func soakKinds() []kind {
	nothing := func(string) params { return params{} }
	allowed := func(title string, weight int, method, name string) kind {
		return kind{title: title, weight: weight, method: method, name: name, allow: true, reason: "allowed"}
	}
	denied := func(title string, weight int, method, name, reason string, door int) kind {
		return kind{title: title, weight: weight, method: method, name: name, reason: reason, door: door}
	}
	kinds := []kind{
		allowed("call", 250, "tools/call", "work").asking(calling("work"), worked, 3),
		allowed("call through mcp-go", 100, "tools/call", "raw").asking(calling("raw"), worked, 3),
		allowed("resource", 80, "resources/read", "note://{id}").asking(func(c string) params { return params{"uri": "note://" + c} }, worked, 4),
		allowed("prompt", 80, "prompts/get", "say").asking(func(c string) params {
			return params{"name": "say", "arguments": params{"canary": c}}
		}, worked, 3),
		allowed("completion", 40, "completion/complete", "say").asking(suggesting("ref/prompt", "name", "say", "canary"), worked, 1),
		kind{title: "decided completion", weight: 40, method: "completion/complete", name: "note://{id}", allow: true, reason: "listed"}.
			answered(suggesting("ref/resource", "uri", "note://{id}", "id")),
		kind{title: "list", weight: 20, method: "tools/list", allow: true, reason: "listed"}.answered(nothing),
		allowed("error", 20, "tools/call", "fails").asking(calling("fails"), failed, 2),
		allowed("panic", 20, "tools/call", "panics").asking(calling("panics"), failed, 2),
		allowed("exit", 10, "tools/call", "exits").asking(calling("exits"), failed, 2),
		allowed("bad arguments", 20, "tools/call", "work").asking(func(c string) params {
			return params{"name": "work", "arguments": params{"canary": 1, "more": c}}
		}, func(a *servertest.Answer) bool { return a.Status == 200 && !a.OK() }, 0),
		denied("door one", 40, "tools/call", "undelegated", "scope_missing", 1).asking(calling("undelegated"), coded(403), 0),
		denied("door two", 40, "tools/call", "secret", "permission_missing", 2).asking(calling("secret"), coded(403), 0),
		denied("unknown", 30, "tools/call", "nothing", "unknown_operation", 0).asking(calling("nothing"), coded(-32602), 0),
		denied("unknown method", 20, "tasks/get", "", "unknown_method", 0).asking(calling("work"), coded(-32601), 0),
	}
	return append(kinds, soakFaults()...)
}

// answered is asking for what is answered without more.
func (k kind) answered(about func(string) params) kind {
	marks := 0
	if strings.HasPrefix(k.method, "completion") {
		marks = 1
	}
	return k.asking(about, worked, marks)
}

// soakFaults are what goes wrong, and what takes more than one request. What of them takes others with it is found by
// its title.
func soakFaults() []kind {
	call := kind{method: "tools/call", allow: true, reason: "allowed"}
	named := func(title string, weight int, tool string, send func(*soaker, int)) kind {
		k := call
		k.title, k.weight, k.name, k.send = title, weight, tool, send
		return k
	}
	moving := named("moves", 30, "moves", (*soaker).moves)
	moving.moving = true
	holding, crowded := named("crowd", 5, "holds", (*soaker).crowd), named(crowdedTitle, 0, "holds", nil)
	holding.greedy, crowded.greedy = true, true
	crowded.allow, crowded.reason = false, "calls_principal"
	return []kind{
		moving, holding, crowded,
		named("rounds", 30, "asks", (*soaker).rounds), named("disconnect", 20, "waits", (*soaker).disconnect), named("out of time", 0, "waits", (*soaker).outOfTime),
		kind{title: "hello", weight: 10, method: "server/discover", allow: true, reason: "valid_token", era: modernOnly}.answered(func(string) params { return params{} }),
		kind{title: "ping", weight: 10, method: "ping", allow: true, reason: "valid_token", era: olderOnly}.answered(func(string) params { return params{} }),
		{title: greedyTitle, method: "tools/list", allow: true, reason: "listed", greedy: true},
		{title: beginTitle, method: "initialize", allow: true, reason: "valid_token"},
		{title: "malformed", weight: 20, reason: "malformed_message", send: (*soaker).malformed},
		{title: "lying header", weight: 20, method: "tools/call", name: "work", reason: "header_mismatch", send: (*soaker).lies},
		{title: "response to nothing", weight: 10, reason: "response_unasked", send: (*soaker).responds},
		{title: "half a body", weight: 5, reason: "body_incomplete", send: (*soaker).half},
		{title: "notification", weight: 10, send: (*soaker).notifies},
		{title: "no token", weight: 10, send: (*soaker).anonymous}, {title: "bad token", weight: 10, send: (*soaker).forged},
		{title: "revoked token", weight: 5, send: (*soaker).revoked},
	}
}

const (
	crowdedTitle = "one too many"
	beginTitle   = "initialize"
	greedyTitle  = "list of the greedy"
)

// titled returns the index of a kind.
func titled(kinds []kind, title string) int {
	for i, k := range kinds {
		if k.title == title {
			return i
		}
	}
	return -1
}
