package doctor

import (
	"bytes"
	"net/http"
	"slices"
	"time"
)

const (
	// oversize is what a request without a token should not be able to make a server read.
	oversize = 2 << 20
	// quick is how long a refusal may take that needs no thought.
	quick = 5 * time.Second
)

func messageChecks() []Check {
	const clause = "MCP 2026-07-28, Authorization, \"Token Requirements\"; "
	return []Check{
		{
			ID: "message.duplicate", Title: "An ambiguous message without a token is refused", Worst: Problem,
			Clause: clause + "RFC 8259, section 4; RFC 7493, section 2.3", gated: true,
			Why:  "If a key stands in a message twice, the check may read the one and the dispatcher the other.",
			Mend: "Ask for the token before the body is read; then parse once, and refuse duplicate keys.",
			look: func(v *visit) verdict {
				return refused(v.send(v.post("a message with two methods", []byte(`{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list","params":{}}`))))
			},
		},
		{
			ID: "message.batch", Title: "A batch without a token is refused", Worst: Problem,
			Clause: clause + "Streamable HTTP, \"Sending Messages\", 4", gated: true,
			Why:  "A check that looks at the first message of a batch lets the others in. MCP has no batches any more.",
			Mend: "Ask for the token before the body is read, and refuse arrays.",
			look: func(v *visit) verdict {
				return refused(v.send(v.post("a batch", []byte(`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/list"}]`))))
			},
		},
		{
			ID: "message.broken", Title: "Broken JSON shows nothing of the server", Worst: Warning,
			Clause: "CWE-209; JSON-RPC 2.0, section 5.1",
			Why:    "A parser in front of the check answers strangers, often with its stack and the paths of the disk.",
			Mend:   "Ask for the token before the body is read; answer what cannot be parsed with a fixed text and -32700.",
			look:   lookBroken,
		},
		{
			ID: "message.oversize", Title: "A large body without a token is refused quickly", Worst: Problem,
			Clause: clause + "RFC 9110, section 15.5.14", gated: true,
			Why:  "Whoever has no token should not be able to fill memory and time.",
			Mend: "Answer 401 before the body is read, and 413 to bodies above a limit.",
			look: lookOversize,
		},
		{
			ID: "message.text_plain", Title: "A message as text/plain is refused", Worst: Problem,
			Clause: "MCP 2026-07-28, Streamable HTTP, \"Security & Endpoint\"; Fetch Standard, \"CORS-safelisted request-header\"",
			Why:    "Every page may send text/plain anywhere without a preflight, so that CORS does not stop it.",
			Mend:   "Answer 415 to everything but application/json.",
			look:   lookTextPlain,
		},
	}
}

func lookBroken(v *visit) verdict {
	x := v.send(v.post("broken JSON", []byte(`{"jsonrpc": "2.0", "method": `)))
	switch what := v.leak(string(x.body)); {
	case x.err != nil:
		return gone(x)
	case what != "" && x.status/100 != 2:
		return warning("%s: %d with %s", x.ask.name, x.status, what)
	case x.status/100 == 5:
		return warning("%v", x)
	}
	return ok("%s: %d", x.ask.name, x.status)
}

// lookOversize sends what is too much for a request and too little to hurt.
func lookOversize(v *visit) verdict {
	body := slices.Concat([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"padding":"`), bytes.Repeat([]byte("a"), oversize), []byte(`"}}`))
	x := v.send(v.post("a message of 2 MB", body))
	switch {
	case x.err == nil && x.took > quick:
		return warning("%s: %d after %.1f s", x.ask.name, x.status, x.took.Seconds())
	case x.status == http.StatusRequestEntityTooLarge || x.status == http.StatusBadRequest:
		return ok("%s: %d", x.ask.name, x.status)
	}
	return refused(x)
}

func lookTextPlain(v *visit) verdict {
	x := v.send(v.modern("tools/list", nil).with("Content-Type", "text/plain").called("a message as text/plain"))
	switch {
	case x.err != nil:
		return gone(x)
	case x.status/100 == 2 || x.answered():
		return problem("%v", x)
	case x.status/100 == 5:
		return warning("%v", x)
	}
	return ok("%s: %d", x.ask.name, x.status)
}
