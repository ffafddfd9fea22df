package bodyfuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
)

// outcome is all that is known of one request.
type outcome struct {
	*post
	answer
	ran     []execution
	records []record
}

// response is the answer as JSON-RPC.
type response struct {
	ID     json.RawMessage `json:"id"`
	Result *result         `json:"result"`
	Error  json.RawMessage `json:"error"`
}

type result struct {
	IsError    bool `json:"isError"`
	Completion struct {
		Values []string `json:"values"`
	} `json:"completion"`
}

// judge says what is wrong with an outcome.
func (s *site) judge(o outcome) error {
	c := s.callers[o.who]
	if len(o.ran) > 1 {
		return fmt.Errorf("ran %d times", len(o.ran))
	}
	if len(o.records) > 1 {
		return fmt.Errorf("left %d records", len(o.records))
	}
	var r response
	isJSON := json.Unmarshal(o.answer.body, &r) == nil
	if err := sameID(o, r.ID); err != nil {
		return err
	}
	success := isJSON && o.status == 200 && r.Result != nil && r.Error == nil && !r.Result.IsError
	if len(o.ran) == 0 {
		return idle(o, c, success)
	}
	e := o.ran[0]
	see, err := agreed(o.post.body)
	if err != nil {
		return fmt.Errorf("ran %s %q, but readers differ: %w", e.method, e.name, err)
	}
	if see.id == nil {
		return errors.New("ran a notification")
	}
	if !success && (e.name != "ask" || o.era == 0) { // mcp-go has nobody ask without a question in older revisions
		return fmt.Errorf("ran, and answered as if it had not: %d %s", o.status, o.answer.body)
	}
	if r.Result == nil {
		r.Result = new(result)
	}
	return errors.Join(s.recorded(o, e), wanted(e, see), rightful(c, e), suggested(c, e, r), expectedOf(e, see), s.headed(o, see))
}

// sameID checks that an answer has the id of its request, byte for byte, or none.
func sameID(o outcome, id json.RawMessage) error {
	if id == nil || string(id) == "null" {
		if o.status == 200 {
			return fmt.Errorf("an answer without an id: %s", o.answer.body)
		}
		return nil
	}
	see, err := firstWins(o.post.body)
	if err != nil {
		return fmt.Errorf("the answer has an id: %w", err)
	}
	if !bytes.Equal(see.id, id) {
		return fmt.Errorf("the answer has the id %s, the request %s", id, see.id)
	}
	return nil
}

// idle checks a request that ran nothing.
func idle(o outcome, c caller, success bool) error {
	see, err := agreed(o.post.body)
	if success && err == nil && executes(see.method) {
		return fmt.Errorf("nothing ran, and it is answered as if it had: %s", o.answer.body)
	}
	if success && err != nil {
		return fmt.Errorf("answered, but readers differ: %w", err)
	}
	if len(o.bends) > 0 || !executes(see.method) {
		return nil
	}
	if permitted(c, see) {
		return fmt.Errorf("a good request that is permitted did not run: %d %s", o.status, o.answer.body)
	}
	return nil
}

func executes(method string) bool {
	return method == "tools/call" || method == "resources/read" || method == "prompts/get" || method == "completion/complete"
}

// recorded checks that the audit has allowed exactly what ran.
func (s *site) recorded(o outcome, e execution) error {
	c := s.callers[o.who]
	if e.who.Subject != c.subject || e.who.Client != c.client || e.who.Issuer != servertestIssuer {
		return fmt.Errorf("ran for %v, with the token of %s through %s", e.who, c.subject, c.client)
	}
	if len(o.records) == 0 {
		return errors.New("ran without a record")
	}
	r, name := o.records[0], e.name
	if strings.HasPrefix(name, "user://") {
		name = "user://{id}"
	}
	if r.Request != e.request || r.Decision != "allow" || r.Method != e.method || r.Name != name ||
		r.Subject != c.subject || r.Client != c.client || r.Issuer != servertestIssuer {
		return fmt.Errorf("ran %s %q (%s), recorded as %+v", e.method, e.name, e.request, r)
	}
	return nil
}

const servertestIssuer = "https://issuer.test"

// wanted checks that what ran is what every reader sees.
func wanted(e execution, see reading) error {
	if e.method != see.method || e.name != see.name {
		return fmt.Errorf("ran %s %q, asked for was %s %q", e.method, e.name, see.method, see.name)
	}
	return nil
}

// rightful checks the right to it.
func rightful(c caller, e execution) error {
	operation, about := e.name, ""
	switch {
	case e.method == "completion/complete" && e.name == "user://{id}":
		operation = suggestions
	case e.name == "query":
		var in tableIn
		if err := json.Unmarshal([]byte(e.arguments), &in); err != nil {
			return err
		}
		about = in.Table
	case strings.HasPrefix(e.name, "user://"):
		var variables map[string]string
		if err := json.Unmarshal([]byte(e.arguments), &variables); err != nil {
			return err
		}
		operation, about = "user", variables["id"]
	}
	if !may(c, operation, about) {
		return fmt.Errorf("%s through %s has no right to %s %s %q", c.subject, c.client, e.method, e.name, about)
	}
	return nil
}

// suggested checks the right to every user that is suggested.
func suggested(c caller, e execution, r response) error {
	if e.name != "user://{id}" {
		return nil
	}
	for _, id := range r.Result.Completion.Values {
		if !may(c, "user", id) {
			return fmt.Errorf("%s through %s has no right to the user %s", c.subject, c.client, id)
		}
	}
	return nil
}

// permitted tells whether a good request is.
func permitted(c caller, see reading) bool {
	id, isUser := strings.CutPrefix(see.name, "user://")
	switch {
	case see.method == "completion/complete" && isUser:
		return may(c, suggestions, "")
	case see.name == "query":
		var in tableIn
		_ = json.Unmarshal(see.arguments, &in) // a good request
		return may(c, see.name, in.Table)
	case isUser:
		return may(c, "user", id)
	}
	return may(c, see.name, "")
}

// expectedOf checks that what ran had the arguments that every reader sees: raw tools byte for byte, others as encoding/json
// decodes them, which looks at no case.
func expectedOf(e execution, see reading) error {
	arguments := see.arguments
	if arguments == nil {
		arguments = json.RawMessage(`{}`)
	}
	var want string
	var err error
	switch {
	case e.method == "completion/complete":
		want = encode([]string{see.argument, see.value})
	case e.method == "resources/read":
		want, err = variablesOf(see.name)
	case e.method == "prompts/get":
		want, err = decoded[map[string]string](arguments)
	case e.name == "query":
		want, err = decoded[tableIn](arguments)
	case e.name == "region":
		want, err = decoded[regionIn](arguments)
	case e.name == "note" || e.name == "wipe":
		want, err = decoded[typedIn](arguments)
	default:
		want = string(arguments)
	}
	if err == nil && want != e.arguments {
		err = fmt.Errorf("ran with %s, asked for was %s", e.arguments, want)
	}
	return err
}

func decoded[T any](arguments json.RawMessage) (string, error) {
	var v T
	err := json.Unmarshal(arguments, &v)
	return encode(v), err
}

func variablesOf(uri string) (string, error) {
	variables := map[string]string{}
	if id, ok := strings.CutPrefix(uri, "user://"); ok {
		text, err := url.PathUnescape(id)
		if err != nil {
			return "", err
		}
		maps.Copy(variables, map[string]string{"id": text})
	}
	return encode(variables), nil
}
