package message

// Capabilities are what a client can be asked for, as bits. They are in what is
// sealed, so each keeps its place.
type Capabilities byte

// What a client can be asked for (MCP 2026-07-28, "Elicitation", "Sampling",
// "Roots", each under "Capabilities").
const (
	// CanSample is to have its model complete something, CanSampleWithTools that
	// the model may be given tools as well.
	CanSample Capabilities = 1 << iota
	CanSampleWithTools
	// CanElicit is to have a person fill in a form, CanElicitByURL to send the
	// person to a page.
	CanElicit
	CanElicitByURL
	// CanListRoots is to say which folders it works in.
	CanListRoots
)

// Has reports whether c has all of needs.
func (c Capabilities) Has(needs Capabilities) bool { return c&needs == needs }

// capabilities reads an optional object of what a client can do. Each is declared
// by an object. A client that names no mode of elicitation has the form mode.
func (r *reader) capabilities(ms members, name string) Capabilities {
	if len(ms.get(name)) <= len("{}") {
		r.object(ms, name)
		return 0
	}
	var c Capabilities
	declared := r.open(ms, name, []string{"sampling", "elicitation", "roots"})
	if declares(declared, "sampling") {
		c |= CanSample
		if declares(r.open(declared, "sampling", []string{"tools"}), "tools") {
			c |= CanSampleWithTools
		}
	}
	if declares(declared, "elicitation") {
		modes := r.open(declared, "elicitation", []string{"form", "url"})
		byURL := declares(modes, "url")
		if byURL {
			c |= CanElicitByURL
		}
		if !byURL || declares(modes, "form") {
			c |= CanElicit
		}
	}
	if declares(declared, "roots") {
		c |= CanListRoots
	}
	return c
}

// declares reports whether a member is there and an object.
func declares(ms members, name string) bool {
	raw := ms.get(name)
	return len(raw) > 0 && raw[0] == '{'
}
