package message_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
)

// grammar makes messages by the grammar of JSON-RPC and MCP. What it makes it
// knows, since it made it: no second reader says what is in a message.
type grammar struct{ *rand.Rand }

// node is a value: an object, an array, or a text that stands for itself.
type node struct {
	text    string // of a scalar
	kind    byte   // '{', '[' or 0
	members []*pair
	items   []*node
}

// pair is a member of an object, its name as it is and as it is spelled.
type pair struct {
	name, spelled string
	value         *node
}

func scalar(text string) *node { return &node{text: text} }

func object(members ...*pair) *node { return &node{kind: '{', members: members} }

// member is one whose name is spelled in the plain way, as protocol members are.
func member(name string, value *node) *pair { return &pair{name, `"` + name + `"`, value} }

// get returns the member of that name, nil if there is none.
func (n *node) get(name string) *pair {
	for _, m := range n.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

// sample is a message and what is known about it.
type sample struct {
	top                        *node
	method, name, id, progress string
	arguments                  *node
}

// params returns the params of a message, which each of the grammar has.
func (s *sample) params() *node { return s.top.get("params").value }

// message makes a call of a tool, a prompt or a resource.
func (g grammar) message() *sample {
	s := &sample{id: g.id(), progress: g.id()}
	name, spelled := g.str()
	s.name = name
	subject := "name"
	switch g.IntN(3) {
	case 0:
		s.method, s.arguments = "tools/call", g.object(3)
	case 1:
		s.method, s.arguments = "prompts/get", object()
		for i := range g.IntN(3) {
			_, text := g.str()
			s.arguments.members = append(s.arguments.members, member(fmt.Sprintf("argument%d", i), scalar(text)))
		}
	default:
		s.method, subject = "resources/read", "uri"
	}
	meta := object(member("progressToken", scalar(s.progress)), member("com.example/more", g.value(2)))
	params := object(member(subject, scalar(spelled)), member("_meta", meta), member("unknown", g.value(2)))
	if s.arguments != nil {
		params.members = append(params.members, member("arguments", s.arguments))
	}
	s.top = object(member("jsonrpc", scalar(`"2.0"`)), member("id", scalar(s.id)), member("method", scalar(`"`+s.method+`"`)),
		member("params", params), member("extra", g.value(2)))
	for _, o := range []*node{s.top, params, meta} {
		g.Shuffle(len(o.members), func(i, j int) { o.members[i], o.members[j] = o.members[j], o.members[i] })
	}
	return s
}

// id makes a string or an integer, which may be too large for a double.
func (g grammar) id() string {
	if g.IntN(2) == 0 {
		_, spelled := g.str()
		return spelled
	}
	digits := fmt.Sprint(1 + g.Uint64N(1<<62))
	return []string{"", "-"}[g.IntN(2)] + strings.Repeat(digits, 1+g.IntN(3))
}

// value makes any value of JSON.
func (g grammar) value(depth int) *node {
	switch kind := g.IntN(6); {
	case kind == 0 && depth > 0:
		return g.object(depth)
	case kind == 1 && depth > 0:
		array := &node{kind: '['}
		for range g.IntN(4) {
			array.items = append(array.items, g.value(depth-1))
		}
		return array
	case kind == 2:
		return scalar([]string{"true", "false", "null"}[g.IntN(3)])
	case kind == 3:
		return scalar([]string{"0", "-0", "1.50", "-12e-7", "9007199254740993", "1E+3", strings.Repeat("7", 200)}[g.IntN(7)])
	default:
		_, spelled := g.str()
		return scalar(spelled)
	}
}

// object makes one whose names differ in more than their case.
func (g grammar) object(depth int) *node {
	o := object()
	for i := range g.IntN(4) {
		name, spelled := g.str()
		tail := fmt.Sprint("#", i)
		o.members = append(o.members, &pair{name + tail, spelled[:len(spelled)-1] + tail + `"`, g.value(depth - 1)})
	}
	return o
}

// str makes a string and one of its spellings.
func (g grammar) str() (string, string) {
	alphabet := []rune("ab Z/\\\"\n\u00e9\u017f\u212a\u2028\ud7ff\ue000\U0001f600\x00\x7f")
	var value, spelled strings.Builder
	for range g.IntN(6) {
		r := alphabet[g.IntN(len(alphabet))]
		value.WriteRune(r)
		if r >= ' ' && r != '"' && r != '\\' && g.IntN(2) == 0 {
			spelled.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&spelled, []string{`\u%04x`, `\u%04X`}[g.IntN(2)], unit)
		}
	}
	return value.String(), `"` + spelled.String() + `"`
}

// tokens returns a value as tokens. No two of them can be read as one.
func (n *node) tokens() []string {
	if n.kind == 0 {
		return []string{n.text}
	}
	all := []string{string(n.kind)}
	for i, m := range n.members {
		if i > 0 {
			all = append(all, ",")
		}
		all = append(append(all, m.spelled, ":"), m.value.tokens()...)
	}
	for i, item := range n.items {
		if i > 0 {
			all = append(all, ",")
		}
		all = append(all, item.tokens()...)
	}
	return append(all, string(n.kind+2)) // the closing bracket of ASCII
}

// write puts white space between tokens: always some, so that none grows into the next.
func (g grammar) write(tokens []string) string {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteString(token)
		b.WriteByte(" \t\r\n"[g.IntN(4)])
	}
	return b.String()
}

// TestGrammar reads messages of the grammar: what comes out is what was put in, and
// what is dispatched is read the same.
func TestGrammar(t *testing.T) {
	for seed := range uint64(1000) {
		g := grammar{rand.New(rand.NewPCG(seed, 0))}
		s := g.message()
		body := g.write(s.top.tokens())
		m := mustRead(t, body)
		for again := range 2 {
			if m.Method != s.method || m.Name != s.name || string(m.ID) != s.id || string(m.ProgressToken) != s.progress {
				t.Fatalf("seed %d, reading %d: %q %q %s %s of %s", seed, again, m.Method, m.Name, m.ID, m.ProgressToken, body)
			}
			want := ""
			if s.arguments != nil {
				want = strings.Join(s.arguments.tokens(), "")
			}
			if got := squeezed(string(m.Arguments)); got != want {
				t.Fatalf("seed %d, reading %d: arguments %s, want %s", seed, again, got, want)
			}
			m = mustRead(t, string(m.Raw))
		}
	}
}

// squeezed takes the white space between tokens away.
func squeezed(text string) string {
	var b strings.Builder
	inside := false
	for i := 0; i < len(text); i++ {
		switch {
		case inside && text[i] == '\\':
			b.WriteByte(text[i])
			i++
		case text[i] == '"':
			inside = !inside
		case !inside && strings.IndexByte(" \t\r\n", text[i]) >= 0:
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
