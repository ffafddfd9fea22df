package servertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Answer is what the server said to one request.
type Answer struct {
	// Status and Header are those of HTTP, Body is the answer's body, or of an
	// event stream the data of its last event.
	Status int
	Header http.Header
	Body   []byte
	// Events are the notifications that came before the answer, as JSON.
	Events []json.RawMessage
	// Result is the JSON-RPC result, nil for an error.
	Result json.RawMessage
	// Code, Message and Data are those of a JSON-RPC error.
	Code    int
	Message string
	Data    map[string]any
}

// readAnswer takes a response apart, whose body was read, or its events, of which
// the last is the answer. What is no JSON-RPC leaves the fields of JSON-RPC empty.
func readAnswer(response *http.Response, body []byte, events []json.RawMessage) *Answer {
	a := &Answer{Status: response.StatusCode, Header: response.Header, Body: body}
	if n := len(events); n > 0 {
		a.Body, a.Events = events[n-1], events[:n-1]
	}
	var envelope struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Code    int            `json:"code"`
			Message string         `json:"message"`
			Data    map[string]any `json:"data"`
		} `json:"error"`
	}
	if json.Unmarshal(a.Body, &envelope) != nil {
		return a
	}
	a.Result = envelope.Result
	if envelope.Error != nil {
		a.Code, a.Message, a.Data = envelope.Error.Code, envelope.Error.Message, envelope.Error.Data
	}
	return a
}

// OK tells whether the operation was carried out: a result that is no error of
// the tool.
func (a *Answer) OK() bool {
	var result struct {
		IsError bool `json:"isError"`
	}
	return a.Status == http.StatusOK && a.Result != nil && json.Unmarshal(a.Result, &result) == nil && !result.IsError
}

// Text returns all text of a tool's result, a resource or a prompt, joined by
// line breaks.
func (a *Answer) Text() string {
	type content struct {
		Text string `json:"text"`
	}
	var result struct {
		Content  []content `json:"content"`
		Contents []content `json:"contents"`
		Messages []struct {
			Content content `json:"content"`
		} `json:"messages"`
	}
	if json.Unmarshal(a.Result, &result) != nil {
		return ""
	}
	var texts []string
	for _, c := range slices.Concat(result.Content, result.Contents) {
		texts = append(texts, c.Text)
	}
	for _, m := range result.Messages {
		texts = append(texts, m.Content.Text)
	}
	return strings.Join(texts, "\n")
}

// Values returns the values of a completion.
func (a *Answer) Values() []string {
	var result struct {
		Completion struct {
			Values []string `json:"values"`
		} `json:"completion"`
	}
	if json.Unmarshal(a.Result, &result) != nil {
		return nil
	}
	return result.Completion.Values
}

// Denied tells whether the policy denied the request for want of this
// permission: no scope would help.
func (a *Answer) Denied(permission string) bool {
	return a.Status == http.StatusForbidden && a.Data["door"] == float64(2) && a.Data["permission"] == permission &&
		!strings.Contains(a.Challenge(), "insufficient_scope")
}

// StepUp tells whether the request was refused until the client is delegated
// exactly these scopes, in this order.
func (a *Answer) StepUp(scopes ...string) bool {
	return a.Status == http.StatusForbidden && a.Data["door"] == float64(1) &&
		strings.Contains(a.Challenge(), `error="insufficient_scope"`) &&
		strings.Contains(a.Challenge(), `scope="`+strings.Join(scopes, " ")+`"`)
}

// Challenge returns the WWW-Authenticate header, empty if there is none.
func (a *Answer) Challenge() string { return a.Header.Get("WWW-Authenticate") }

// String describes the answer for a failure message.
func (a *Answer) String() string {
	text := fmt.Sprintf("%d %s", a.Status, a.Body)
	if challenge := a.Challenge(); challenge != "" {
		text += " (" + challenge + ")"
	}
	return text
}
