package client

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// Codes of MCP 2026-07-28 (schema, "Errors") that this client acts on or explains.
const (
	codeInvalidParams     = -32602
	codeMethodNotFound    = -32601
	codeHeaderMismatch    = -32020
	codeMissingCapability = -32021
	codeUnsupported       = -32022
)

// Refusal is an answer of an MCP server that is no result. Its text says what is the matter and what to do next.
type Refusal struct {
	// Status is that of HTTP, Code and Message are those of the JSON-RPC error, if there is one.
	Status  int    `json:"status"`
	Code    int    `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	// Door is 1 if a scope is missing, of which Scopes are needed for the operation, and 2 if the policy denies Permission to the
	// caller. Zero means neither.
	Door       int      `json:"door,omitempty"`
	Scopes     []string `json:"scopes,omitempty"`
	Permission string   `json:"permission,omitempty"`
	// RetryAfter is when to try again, as the server says.
	RetryAfter string `json:"retry_after,omitempty"`

	challenge challenge
	supported []string
	resource  string
	held      *entry // nil without a login
	steppedUp bool
}

// newRefusal reads an answer. What is no JSON-RPC error leaves the fields of one empty.
func newRefusal(resource string, held *entry, status int, h http.Header, body []byte) *Refusal {
	r := &Refusal{Status: status, RetryAfter: clean(h.Get("Retry-After")), challenge: readChallenge(h), resource: resource, held: held}
	var said struct {
		Error struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
			Data    struct {
				Door       int      `json:"door"`
				Scopes     []string `json:"scopes"`
				Permission string   `json:"permission"`
				Supported  []string `json:"supported"`
			} `json:"data"`
		} `json:"error"`
	}
	if strictjson.Unmarshal(body, &said) == nil {
		r.Code, r.Message, r.supported = said.Error.Code, clean(said.Error.Message), said.Error.Data.Supported
	}
	switch {
	case r.lacksScope():
		r.Door, r.Scopes = 1, r.challenge.scopes
	case status == http.StatusForbidden && said.Error.Data.Door == 2:
		r.Door, r.Permission = 2, clean(said.Error.Data.Permission)
	}
	return r
}

// lacksScope tells whether more scopes would help (RFC 6750, section 3.1). Only the challenge says so, never the body.
func (r *Refusal) lacksScope() bool {
	return r.Status == http.StatusForbidden && r.challenge.code == "insufficient_scope" && len(r.challenge.scopes) > 0
}

// Needed are the scopes that are to be asked for: those that are held and those that the operation needs (MCP 2026-07-28,
// "Step-Up Authorization Flow").
func (r *Refusal) Needed() []string {
	var all []string
	if r.held != nil {
		all = slices.Clone(r.held.Scopes)
	}
	for _, scope := range r.challenge.scopes {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return all
}

// Missing are the scopes of the operation that are not held.
func (r *Refusal) Missing() []string {
	return slices.DeleteFunc(slices.Clone(r.challenge.scopes), func(scope string) bool {
		return r.held != nil && slices.Contains(r.held.Scopes, scope)
	})
}

// Error says what is the matter, and the next step.
func (r *Refusal) Error() string {
	server := clean(r.resource)
	switch {
	case r.Status == http.StatusUnauthorized && r.held == nil:
		return "you are not logged in to " + server + "; log in: sallyport login " + Quoted(r.resource)
	case r.Status == http.StatusUnauthorized:
		return loginAgain(r.resource, "the server does not accept the token any more").Error()
	case r.Door == 1 && r.steppedUp:
		return fmt.Sprintf("door one stays shut: the server asks for %s, which the new token does not open; the authorization server may not have granted it",
			scopeList(r.challenge.scopes))
	case r.Door == 1:
		return fmt.Sprintf("door one is shut: the token lacks %s; open it: %s", cmp.Or(scopeList(r.Missing()), scopeList(r.challenge.scopes)), r.command())
	case r.Door == 2 && strings.Contains(r.Permission, "{"):
		return fmt.Sprintf("door two is shut: the arguments do not fill the permission %s, so that nobody could have it; give a value of A-Z a-z 0-9 . _ -, up to 128 of them",
			r.Permission)
	case r.Door == 2:
		return fmt.Sprintf("door two is shut: you lack the permission %s, and no scope can help; ask whoever keeps the policy of %s", r.Permission, server)
	case r.Status == http.StatusForbidden:
		return "the server refuses" + r.says() + "; no scope is named that would help"
	case r.Status == http.StatusTooManyRequests:
		return "too many requests" + r.later()
	case r.Status == http.StatusServiceUnavailable:
		return "the server cannot answer now" + r.says() + r.later()
	case r.Code == codeMissingCapability:
		return "the operation asks its client for input, which this one cannot give; use another client"
	case r.Code == codeUnsupported:
		return "the server speaks none of the revisions 2026-07-28, 2025-11-25 and 2025-06-18 of MCP, but " + cmp.Or(clean(strings.Join(r.supported, ", ")), "others")
	case r.Status >= 300 && r.Status < 400:
		return fmt.Sprintf("the server redirects (status %d), which is not followed with a token; use the URL it leads to", r.Status)
	case r.Status == http.StatusNotFound && r.Code != codeMethodNotFound:
		return "there is no MCP server at " + server + " (status 404); is the path right?"
	}
	if r.Status == http.StatusOK {
		return "the server refuses" + r.says()
	}
	return fmt.Sprintf("the server answered with status %d%s", r.Status, r.says())
}

// command is the one that opens door one.
func (r *Refusal) command() string {
	command := "sallyport login " + Quoted(r.resource)
	for _, scope := range r.Needed() {
		command += " --scope " + Quoted(scope)
	}
	return command
}

func (r *Refusal) says() string {
	switch {
	case r.Message != "" && r.Code != 0 && r.Code != r.Status:
		return fmt.Sprintf(": %s (code %d)", r.Message, r.Code)
	case r.Message != "":
		return ": " + r.Message
	}
	return ""
}

func (r *Refusal) later() string {
	if seconds, err := strconv.Atoi(r.RetryAfter); err == nil {
		return fmt.Sprintf("; try again in %d s", seconds)
	}
	if r.RetryAfter != "" {
		return "; try again after " + r.RetryAfter
	}
	return "; try again later"
}

// scopeList names scopes in a sentence.
func scopeList(scopes []string) string {
	switch len(scopes) {
	case 0:
		return ""
	case 1:
		return "the scope " + clean(scopes[0])
	}
	return "the scopes " + clean(strings.Join(scopes, " "))
}
