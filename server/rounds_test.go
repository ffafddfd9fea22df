package server_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server"
)

// TestM24_RequestStateIsBound takes the state of one request to places where it
// does not belong. The twin of each is the same retry without the change.
func TestM24_RequestStateIsBound(t *testing.T) {
	c := newCluster()
	n := c.start(t, withKeys(1))
	rows := []struct {
		name   string
		change func(*request)
	}{
		{"another subject", func(r *request) { r.subject = "alice" }},
		{"another client", func(r *request) { r.client = "phone" }},
		{"another issuer's caller of the same name", func(r *request) { r.issuer = 1 }},
		{"the client itself, without its user", func(r *request) { r.subject = r.client }},
		{"another tool", func(r *request) { r.name = "again" }},
		{"a tool that cannot ask", func(r *request) { r.name, r.arguments = "typed", "{}" }},
		{"a prompt of the same name", func(r *request) { r.method, r.arguments = "prompts/get", `{"n": "1"}` }},
		{"a resource", func(r *request) { r.method, r.name, r.arguments = "resources/read", "app://config", "" }},
		{"another value of an argument", func(r *request) { r.arguments = `{"n": 9007199254740992, "text": "ho"}` }},
		{"a number that a float64 does not tell apart", func(r *request) { r.arguments = `{"n": 9007199254740993, "text": "hi"}` }},
		{"one argument more", func(r *request) { r.arguments = `{"n": 9007199254740992, "text": "hi", "more": null}` }},
		{"one argument less", func(r *request) { r.arguments = `{"n": 9007199254740992}` }},
		{"no arguments", func(r *request) { r.arguments = "" }},
		{"the handler's own state, unsealed", func(r *request) { r.state = "swordfish " + r.arguments }},
		{"a replica with another key", func(r *request) { r.node = c.start(t, withKeys(2)) }},
		{"a replica with a key of its own", func(r *request) { r.node = c.start(t) }},
		{"a replica without the key any more", func(r *request) { r.node = c.start(t, withKeys(3, 2)) }},
		{"another server with the same key", func(r *request) {
			r.node = c.start(t, withKeys(1), func(cfg *server.Config) { cfg.PublicURL = "https://other.example" })
		}},
		{"the padded spelling", func(r *request) { r.state = r.state.(string) + "=" }},
		{"a line break in it", func(r *request) { r.state = r.state.(string)[:9] + "\n" + r.state.(string)[9:] }},
		{"a letter appended", func(r *request) { r.state = r.state.(string) + "A" }},
		{"the suite's tampering", func(r *request) { r.state = r.state.(string) + "-TAMPERED" }},
		{"twice the state", func(r *request) { r.state = r.state.(string) + r.state.(string) }},
	}
	for _, row := range rows {
		t.Run("M-24 "+row.name, func(t *testing.T) {
			retry := n.first()
			retry.state, retry.responses = stateOf(t, c.send(t, retry)), oneAnswer
			changed := retry
			row.change(&changed)
			c.refusedState(t, changed)
			c.accepted(t, retry, sawName)
		})
	}
}

// refusedState sends a retry that no handler may see.
func (c *cluster) refusedState(t *testing.T, r request) {
	t.Helper()
	const text = "the request state is not valid for this request, or not any more; send the request without it"
	before := len(r.node.seen)
	answer := c.send(t, r)
	if answer.Status != 400 || answer.Code != -32602 || answer.Message != text || answer.Data != nil {
		t.Errorf("%v, want 400, -32602 and the one text", answer)
	}
	if seen := r.node.seen[before:]; len(seen) != 0 {
		t.Errorf("a handler ran and saw %q", seen)
	}
}

// accepted sends a retry whose handler is to see exactly this.
func (c *cluster) accepted(t *testing.T, r request, want string) {
	t.Helper()
	before := len(r.node.seen)
	if answer := c.send(t, r); !answer.OK() || !strings.Contains(string(answer.Body), "done") {
		t.Errorf("%v, want the final result", answer)
	}
	if diff := cmp.Diff([]string{want}, r.node.seen[before:]); diff != "" {
		t.Errorf("what the handler saw (-want +got):\n%s", diff)
	}
}

func TestM24_RequestStateIsUnalterable(t *testing.T) {
	c := newCluster()
	n := c.start(t, withKeys(1))
	retry := n.first()
	sealed := stateOf(t, c.send(t, retry))
	retry.responses = oneAnswer
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		altered := slices.Clone(raw)
		altered[i] ^= 1 << (i % 8)
		retry.state = base64.RawURLEncoding.EncodeToString(altered)
		c.refusedState(t, retry)
	}
	for _, length := range []int{1, 2, 32, 33, 53, 54, 55, len(sealed) / 2, len(sealed) - 2, len(sealed) - 1} {
		retry.state = sealed[:length]
		c.refusedState(t, retry)
		retry.state = sealed[length:]
		c.refusedState(t, retry)
	}
	retry.state = sealed
	c.accepted(t, retry, sawName)
	for _, secret := range []string{"swordfish", "name", "thought", "bob"} {
		if strings.Contains(string(raw), secret) || strings.Contains(sealed, base64.RawURLEncoding.EncodeToString([]byte(secret))) {
			t.Errorf("the state shows %q", secret)
		}
	}
}

func TestM24_RequestStateExpires(t *testing.T) {
	c := newCluster()
	n := c.start(t, withKeys(1))
	retry := n.first()
	retry.state, retry.responses = stateOf(t, c.send(t, retry)), oneAnswer
	c.now = c.now.Add(server.RequestStateLifetime - time.Second)
	c.accepted(t, retry, sawName)
	c.now = c.now.Add(time.Second)
	c.refusedState(t, retry)
}

func TestM24_KeyRotation(t *testing.T) {
	c := newCluster()
	before, during, after := c.start(t, withKeys(1)), c.start(t, withKeys(2, 1)), c.start(t, withKeys(2))
	rows := []struct {
		name     string
		from, to *node
		opens    bool
	}{
		{"within one replica", before, before, true},
		{"from the old key to both", before, during, true},
		{"from both to the new key", during, after, true},
		{"from the new key to both", after, during, true},
		{"from both back to the old key", during, before, false},
		{"from the old key to the new one", before, after, false},
	}
	for _, row := range rows {
		t.Run("M-24 "+row.name, func(t *testing.T) {
			retry := row.from.first()
			retry.state, retry.responses = stateOf(t, c.send(t, retry)), oneAnswer
			retry.node = row.to
			if row.opens {
				c.accepted(t, retry, sawName)
			} else {
				c.refusedState(t, retry)
			}
		})
	}
}

// TestM24_Stripped brings answers without the state that says what was asked.
// They count for nothing, and the handler asks as if it had never asked.
func TestM24_Stripped(t *testing.T) {
	c := newCluster()
	n := c.start(t, withKeys(1))
	retry := n.first()
	sealed := stateOf(t, c.send(t, retry))
	retry.responses = oneAnswer
	n.seen = nil
	again := stateOf(t, c.send(t, retry))
	if diff := cmp.Diff([]string{" "}, n.seen); diff != "" || again == sealed {
		t.Errorf("what the handler saw (-want +got):\n%s", diff)
	}
	for _, state := range []any{"", nil, 7, []string{sealed}} {
		retry.state = state
		if state == nil {
			continue // left out, as above
		}
		if answer := c.send(t, retry); answer.Status != 400 || answer.Code != -32602 {
			t.Errorf("the state %v: %v", state, answer)
		}
	}
	retry.state = sealed
	c.accepted(t, retry, sawName)
}

// TestM24_Replayed shows what is not promised: a state is good more than once.
func TestM24_Replayed(t *testing.T) {
	c := newCluster()
	n := c.start(t, withKeys(1))
	retry := n.first()
	retry.state, retry.responses = stateOf(t, c.send(t, retry)), oneAnswer
	for range 2 {
		c.accepted(t, retry, sawName)
	}
	// The same arguments, spelled in another way, are the same request.
	retry.arguments = "{\"text\": \"\\u0068i\",\n\"n\":9007199254740992}"
	c.accepted(t, retry, sawName)
	// None are as good as an empty object.
	retry.arguments, retry.state = "", nil
	retry.state = stateOf(t, c.send(t, retry))
	retry.arguments = "{}"
	c.accepted(t, retry, "swordfish {} name")
}

// TestStateDecidesNothing sends a good state with a token or a policy that has
// meanwhile closed a door, and a bad one: the decision comes first.
func TestStateDecidesNothing(t *testing.T) {
	c := newCluster()
	n := c.start(t, withKeys(1))
	retry := n.first()
	good := stateOf(t, c.send(t, retry))
	retry.responses = oneAnswer
	for _, state := range []any{good, "forged"} {
		retry.state = state
		lesser := retry
		lesser.scopes = "again:use"
		if answer := c.send(t, lesser); !answer.StepUp("ask:use") {
			t.Errorf("without the scope, state %v: %v", state, answer)
		}
		denied := retry
		denied.subject = "mallory"
		if answer := c.send(t, denied); answer.Status != 403 || answer.Data["door"] != float64(2) {
			t.Errorf("denied, state %v: %v", state, answer)
		}
		unknown := retry
		unknown.name = "nothing"
		if answer := c.send(t, unknown); answer.Message != "unknown tool" {
			t.Errorf("an unknown tool, state %v: %v", state, answer)
		}
	}
	retry.state = good
	c.accepted(t, retry, sawName)
}

func TestPromptsAskToo(t *testing.T) {
	c := newCluster()
	n := c.start(t)
	retry := n.first()
	retry.method, retry.arguments = "prompts/get", `{"n": "7"}`
	retry.state, retry.responses = stateOf(t, c.send(t, retry)), oneAnswer
	other := retry
	other.arguments = `{"n": "8"}`
	c.refusedState(t, other)
	c.accepted(t, retry, "swordfish 7 name")
}

// TestInputResponses sends answers of many shapes to the three things that were
// asked. The twin of each refusal is the answer beside it that is accepted.
func TestInputResponses(t *testing.T) {
	c := newCluster()
	n := c.start(t)
	retry := n.first()
	retry.arguments = "{}"
	retry.state = stateOf(t, c.send(t, retry))
	rows := []struct {
		responses string
		seen      string // the keys that the handler is given; none for a refusal
	}{
		{`{"name": {"action": "accept", "content": {"Name": "Ada", "age": 7.5, "ok": true, "tags": ["a", "b"]}}}`, "name"},
		{`{"name": {"action": "decline"}}`, "name"},
		{`{"name": {"action": "cancel", "content": null, "_meta": {"x": 1}}}`, "name"},
		{`{"name": {"action": "accept", "content": {}}, "never": {"action": "accept"}, "Thought": 7}`, "name"},
		{`{"name": 12345}`, ""},
		{`{"name": null}`, ""},
		{`{"name": []}`, ""},
		{`{"name": {}}`, ""},
		{`{"name": {"action": "Accept"}}`, ""},
		{`{"name": {"action": ["accept"]}}`, ""},
		{`{"name": {"Action": "accept"}}`, ""},
		{`{"name": {"action": "accept", "Content": {"name": "x"}}}`, ""},
		{`{"name": {"action": "accept", "content": []}}`, ""},
		{`{"name": {"action": "accept", "content": "x"}}`, ""},
		{`{"name": {"action": "accept", "content": {"name": {"a": 1}}}}`, ""},
		{`{"name": {"action": "accept", "content": {"name": [1]}}}`, ""},
		{`{"name": {"action": "accept", "content": {"name": null}}}`, ""},
		{`{"name": {"action": "accept", "_meta": 7}}`, ""},
		// Answers to other questions than the one with this key.
		{`{"name": {"role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m"}}`, ""},
		{`{"name": {"roots": []}}`, ""},
		{`{"thought": {"action": "accept"}}`, ""},
		{`{"roots": {"action": "accept"}}`, ""},

		{`{"thought": {"role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m", "stopReason": "endTurn"}}`, "thought"},
		{`{"thought": {"role": "user", "content": [{"type": "text", "text": "x"}], "model": "m"}}`, "thought"},
		{`{"thought": {"role": "system", "content": {"type": "text", "text": "x"}, "model": "m"}}`, ""},
		{`{"thought": {"role": "assistant", "content": {"type": "text", "text": "x"}}}`, ""},
		{`{"thought": {"role": "assistant", "content": {"text": "x"}, "model": "m"}}`, ""},
		{`{"thought": {"role": "assistant", "content": "x", "model": "m"}}`, ""},
		{`{"thought": {"role": "assistant", "content": ["x"], "model": "m"}}`, ""},
		{`{"thought": {"role": "assistant", "content": null, "model": "m"}}`, ""},
		{`{"thought": {"role": "assistant", "model": "m"}}`, ""},
		{`{"thought": {"role": "assistant", "content": {"type": "text"}, "model": "m", "stopReason": 7}}`, ""},
		{`{"thought": {"role": "assistant", "content": {"type": "text"}, "model": "m", "StopReason": "x"}}`, ""},

		{`{"roots": {"roots": [{"uri": "file:///a", "name": "A"}]}}`, "roots"},
		{`{"roots": {"roots": []}}`, "roots"},
		{`{"roots": {}}`, ""},
		{`{"roots": {"roots": null}}`, ""},
		{`{"roots": {"roots": {"uri": "file:///a"}}}`, ""},
		{`{"roots": {"roots": [{"name": "A"}]}}`, ""},
		{`{"roots": {"roots": [{"uri": 7}]}}`, ""},
		{`{"roots": {"roots": [{"uri": "file:///a", "Uri": "file:///b"}]}}`, "malformed"},
		{`{"roots": {"roots": [{"uri": "file:///a", "Name": "B"}]}}`, ""},

		{`{"roots": {"roots": []}, "name": {"action": "decline"}, "thought": {"role": "user", "content": [], "model": ""}}`, "name roots thought"},
		{`{"roots": {"roots": []}, "name": {"action": "decline"}, "thought": {"role": "user"}}`, ""},
	}
	for _, row := range rows {
		retry.responses = row.responses
		if row.seen != "" && row.seen != "malformed" {
			c.accepted(t, retry, "swordfish {} "+row.seen)
			continue
		}
		n.seen = nil
		answer := c.send(t, retry)
		code, text := -32602, "an input response is not what its input request asked for"
		if row.seen != "" {
			code, text = -32600, "the JSON is ambiguous"
		}
		if answer.Status != 400 || answer.Code != code || !strings.HasPrefix(answer.Message, text) || len(n.seen) != 0 {
			t.Errorf("%s: %v, handlers saw %q", row.responses, answer, n.seen)
		}
	}
	// Nothing given, or nothing that was asked for: it is asked again.
	for _, nothing := range []string{"", "{}", `{"never": {"action": "accept"}}`, `{"NAME": {"action": "accept"}}`} {
		retry.responses, n.seen = nothing, nil
		if stateOf(t, c.send(t, retry)); !slices.Equal(n.seen, []string{"swordfish {} "}) {
			t.Errorf("%s: handlers saw %q", nothing, n.seen)
		}
	}
	retry.responses = "null"
	if answer := c.send(t, retry); answer.Status != 400 || answer.Code != -32602 {
		t.Errorf("null: %v", answer)
	}
}

// TestRecordsOfRounds reads the audit of a first request, a retry and two bad ones. None of it tells the state.
func TestRecordsOfRounds(t *testing.T) {
	c := newCluster()
	n := c.start(t)
	retry := n.first()
	retry.state, retry.responses = stateOf(t, c.send(t, retry)), oneAnswer
	c.send(t, retry)
	bad := retry
	bad.responses = `{"name": 7}`
	c.send(t, bad)
	bad.state = "forged"
	c.send(t, bad)
	resource := bad
	resource.method, resource.name, resource.arguments = "resources/read", "app://config", ""
	c.send(t, resource)
	n.Close()
	var got []string
	for line := range strings.Lines(n.records.String()) {
		l := decode[struct{ Method, Name, Decision, Reason string }](t, line)
		got = append(got, fmt.Sprintf("%s %s: %s %s", l.Method, l.Name, l.Decision, l.Reason))
	}
	want := []string{
		"tools/call ask: allow allowed", "tools/call ask: allow allowed", "tools/call ask: deny input_responses",
		"tools/call ask: deny request_state", "resources/read app://config: deny request_state",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	all := n.records.String() + n.log.String()
	for _, secret := range []string{retry.state.(string), "swordfish", "Ada", "forged"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q was told:\n%s", secret, all)
		}
	}
}

// TestStateTooLong: what would not open later is not handed out.
func TestStateTooLong(t *testing.T) {
	c := newCluster()
	n := c.start(t)
	retry := n.first()
	// The state goes through base64 once before it is sealed.
	retry.arguments = `{"text": "` + strings.Repeat("x", 196<<10) + `"}`
	if answer := c.send(t, retry); answer.Code != -32603 || strings.Contains(string(answer.Body), "xxx") {
		t.Errorf("too long: %.200v", answer)
	}
	if !strings.Contains(n.log.String(), "too long") || strings.Contains(n.log.String(), "xxx") {
		t.Errorf("the log says %.500s", n.log)
	}
	retry.arguments = `{"text": "` + strings.Repeat("x", 190<<10) + `"}`
	retry.state, retry.responses = stateOf(t, c.send(t, retry)), oneAnswer
	if answer := c.send(t, retry); !answer.OK() {
		t.Errorf("not too long: %.200v", answer)
	}
}
