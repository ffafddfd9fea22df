package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/seal"
	"github.com/sallyport-mcp/sallyport/transport"
)

// purposeState is what the sealed state of a request is sealed for.
const purposeState = "request state"

// states seals what a server remembers of a request that waits for input, and
// opens what a client brings back of it (MCP 2026-07-28, basic/patterns/mrtr).
type states struct {
	keys     *seal.Keys
	resource string // of this server: a key may serve several
	now      func() time.Time
}

// rounds is one request and all its retries: the same caller, the same
// operation, the same arguments. Its zero value neither seals nor opens.
type rounds struct {
	states
	who       authz.Principal
	method    string
	name      string
	arguments json.RawMessage
}

// remembered is what a sealed state holds.
type remembered struct {
	Expires int64                    `json:"expires"` // Unix seconds
	Asked   map[string]mcp.MCPMethod `json:"asked,omitempty"`
	Own     []byte                   `json:"own,omitempty"` // the handler's
}

// input is what a retry brings for the handler: the state it gave, in the
// clear, and the answers to what it asked. The zero value is that of a first
// request.
type input struct {
	sealed    string // the state as it came
	state     string
	responses mcp.InputResponses
}

var (
	errNoSeal       = errors.New("there is nothing to seal the state with")
	errStateTooLong = errors.New("the state that the handler keeps with the client is too long")
)

// seal returns the state that the client is to bring back. There is one also
// for a handler that keeps none, for it says what was asked.
func (r *rounds) seal(asked *mcp.MultiRoundTripResult) (string, error) {
	bound, err := r.bound()
	if err != nil {
		return "", err
	}
	kept := remembered{
		Expires: r.now().Add(RequestStateLifetime).Unix(),
		Asked:   make(map[string]mcp.MCPMethod, len(asked.InputRequests)),
		Own:     []byte(asked.RequestState),
	}
	for key, request := range asked.InputRequests {
		kept.Asked[key] = request.Method
	}
	plaintext, err := json.Marshal(kept)
	if err != nil {
		return "", err
	}
	if len(plaintext) > seal.MaxPlaintext {
		return "", errStateTooLong
	}
	return r.keys.Seal(purposeState, plaintext, bound...), nil
}

// open returns what was sealed for this request and has not expired.
func (r *rounds) open(sealed string) (remembered, bool) {
	bound, err := r.bound()
	if err != nil {
		return remembered{}, false
	}
	plaintext, ok := r.keys.Open(purposeState, sealed, bound...)
	if !ok {
		return remembered{}, false
	}
	var kept remembered
	if err := json.Unmarshal(plaintext, &kept); err != nil {
		return remembered{}, false
	}
	return kept, r.now().Unix() < kept.Expires
}

// bound returns what a state is sealed for: who asks here for what, with which
// arguments. A state of anything else does not open.
func (r *rounds) bound() ([]string, error) {
	if r.keys == nil {
		return nil, errNoSeal
	}
	digest, err := exactDigest(r.arguments)
	if err != nil {
		return nil, err
	}
	return []string{
		r.resource, r.who.Issuer, r.who.Subject, strconv.FormatBool(r.who.Machine), r.who.Client, r.method, r.name, digest,
	}, nil
}

// exactDigest identifies arguments whatever the order and the spelling of their
// members, and tells numbers apart that a float64 does not. No arguments are
// the same as an empty object.
func exactDigest(arguments json.RawMessage) (string, error) {
	var value any = map[string]any{}
	if arguments != nil {
		decoder := json.NewDecoder(bytes.NewReader(arguments))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			return "", err
		}
	}
	canonical, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256(canonical)
	return string(digest[:]), nil
}

// receive opens the state of a request and returns of its answers those that
// were asked for. Without a state nothing was asked, so that no answer counts:
// what a client volunteers is passed over (MCP 2026-07-28, basic/patterns/mrtr,
// "Error Handling"), and the handler asks.
func (r *rounds) receive(sealed string, responses json.RawMessage) (input, *transport.Refusal) {
	if sealed == "" {
		return input{}, nil
	}
	kept, ok := r.open(sealed)
	if !ok {
		return input{}, badState()
	}
	answers, ok := answersTo(kept.Asked, responses)
	if !ok {
		return input{}, badResponses()
	}
	return input{sealed: sealed, state: string(kept.Own), responses: answers}, nil
}

// badState answers a state that this server did not make for this request, or
// too long ago. Which of these it is says nothing to an honest client: it
// starts again.
func badState() *transport.Refusal {
	why := transport.InvalidParams("the request state is not valid for this request, or not any more; send the request without it")
	why.Reason = "request_state"
	return why
}

// badResponses answers input that is not of the kind that was asked for.
func badResponses() *transport.Refusal {
	why := transport.InvalidParams("an input response is not what its input request asked for")
	why.Reason = "input_responses"
	return why
}
