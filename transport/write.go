package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// refuse records a refusal and writes it. Msg is nil until it was read.
func (e *endpoint) refuse(w http.ResponseWriter, r *http.Request, msg *message.Message, why *Refusal) {
	var caller *authz.Principal
	if who, ok := authz.PrincipalFrom(r.Context()); ok {
		caller = &who
	}
	e.Gate.Refused(r.Context(), caller, msg, why)
	if msg == nil && !why.hangUp {
		allowBody(w, r, DrainTimeout)
	}
	e.writeRefusal(w, msg, why)
}

// writeRefusal is the one place that writes a refusal.
func (e *endpoint) writeRefusal(w http.ResponseWriter, msg *message.Message, why *Refusal) {
	id := why.id
	if msg != nil {
		id = msg.ID
	}
	h := w.Header()
	if why.Challenge != nil {
		h.Set("WWW-Authenticate", e.complete(*why.Challenge).String())
	}
	if why.RetryAfter > 0 {
		seconds := (why.RetryAfter + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	if why.Allow != "" {
		h.Set("Allow", why.Allow)
	}
	if why.hangUp {
		h.Set("Connection", "close")
	}
	status := why.Status
	switch {
	case status == 0:
		status = http.StatusInternalServerError
	case msg != nil && msg.Older() && (why.Code == CodeInvalidParams || why.Code == CodeMethodNotFound):
		// There, 404 means that the session is gone, and an error is an answer.
		status = http.StatusOK
	}
	e.writeJSON(w, status, errorBody(id, why.Code, why.Message, why.Data))
}

// complete fills in what a challenge leaves to this server.
func (e *endpoint) complete(c Challenge) *Challenge {
	if c.ResourceMetadata == "" {
		c.ResourceMetadata = e.metadataURL
	}
	if c.Error != "insufficient_scope" {
		c.Scopes = e.InitialScopes
	}
	return &c
}

// writeJSON writes a whole answer at once, and gives a client that does not
// read it no more than WriteTimeout.
func (e *endpoint) writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	e.parting(w.Header())
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(WriteTimeout))
	w.WriteHeader(status)
	// An error means that the client is gone, which nobody is left to be told.
	_, _ = w.Write(body) //nolint:gosec // G705: the body is JSON, declared as JSON, and never sniffed
	_ = control.Flush()
	_ = control.SetWriteDeadline(time.Time{})
}

// rpcError is a JSON-RPC error response. The id is left out when it could not
// be read (MCP 2026-07-28, "Error Responses").
type rpcError struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Error   rpcErrorDetails `json:"error"`
}

type rpcErrorDetails struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// rpcResult is a JSON-RPC result response.
type rpcResult struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result"`
}

// errorBody encodes a JSON-RPC error. Data that cannot be encoded is left out:
// saying no must not fail.
func errorBody(id json.RawMessage, code int, text string, data map[string]any) []byte {
	if code == 0 {
		code = CodeInternal
	}
	e := rpcError{JSONRPC: "2.0", ID: id, Error: rpcErrorDetails{Code: code, Message: text}}
	if data != nil {
		e.Error.Data = data
	}
	body, err := encode(e)
	if err != nil {
		e.Error.Data = nil
		body, _ = encode(e)
	}
	return body
}

// encode is json.Marshal for values of other people's types, whose
// MarshalJSON may panic. It escapes nothing for HTML, so that an id with an
// ampersand in it comes back as it was spelled.
func encode(v any) ([]byte, error) {
	var body bytes.Buffer
	var err error
	func() {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("transport: encoding panicked: %v", p)
			}
		}()
		encoder := json.NewEncoder(&body)
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(v)
	}()
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(body.Bytes(), []byte{'\n'}), nil
}
