package message_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// violation breaks a message of the grammar in one place. It returns the broken
// body, or "" if the message has no such place.
type violation struct {
	name string
	code int
	make func(grammar, *sample) string
}

// ofTokens is a violation of the grammar of JSON: change gets the place of one
// of the tokens that fit.
func ofTokens(name string, fits func(string) bool, change func(g grammar, tokens []string, i int) []string) violation {
	return violation{name, -32700, func(g grammar, s *sample) string {
		tokens := s.top.tokens()
		var places []int
		for i, token := range tokens {
			if fits(token) {
				places = append(places, i)
			}
		}
		return g.write(change(g, tokens, places[g.IntN(len(places))]))
	}}
}

func isStructure(token string) bool { return strings.Contains("{}[]:,", token) }

func isAny(string) bool { return true }

// ofValue is a violation of what a member may be: place chooses the member.
func ofValue(name string, code int, place func(grammar, *sample) *pair, bad ...string) violation {
	return violation{name, code, func(g grammar, s *sample) string {
		m := place(g, s)
		if m == nil {
			return ""
		}
		m.value = scalar(bad[g.IntN(len(bad))])
		return g.write(s.top.tokens())
	}}
}

func inTop(name string) func(grammar, *sample) *pair {
	return func(_ grammar, s *sample) *pair { return s.top.get(name) }
}

func inParams(name string) func(grammar, *sample) *pair {
	return func(_ grammar, s *sample) *pair { return s.params().get(name) }
}

func inMeta(name string) func(grammar, *sample) *pair {
	return func(_ grammar, s *sample) *pair { return s.params().get("_meta").value.get(name) }
}

// freely is a member whose value nothing is said about.
func freely(g grammar, s *sample) *pair {
	return []*pair{s.top.get("extra"), s.params().get("unknown"), s.params().get("_meta").value.get("com.example/more")}[g.IntN(3)]
}

// named is a violation of names: change gets an object and the place of one of its members.
func named(name string, protocol bool, change func(g grammar, o *node, i int)) violation {
	return violation{name, -32600, func(g grammar, s *sample) string {
		objects := []*node{s.top, s.params(), s.params().get("_meta").value}
		if !protocol && s.arguments != nil && len(s.arguments.members) > 0 {
			objects = append(objects, s.arguments)
		}
		o := objects[g.IntN(len(objects))]
		known := []string{"jsonrpc", "id", "method", "params", "name", "uri", "_meta", "arguments", "progressToken"}
		var places []int
		for i, m := range o.members {
			if !protocol || slices.Contains(known, m.name) {
				places = append(places, i)
			}
		}
		change(g, o, places[g.IntN(len(places))])
		return g.write(s.top.tokens())
	}}
}

// anyCase spells an ASCII name with one letter in the other case.
func anyCase(g grammar, name string) string {
	letters := []byte(name)
	for {
		if i := g.IntN(len(letters)); letters[i] >= 'A' && letters[i]|0x20 >= 'a' && letters[i]|0x20 <= 'z' {
			letters[i] ^= 0x20
			return string(letters)
		}
	}
}

func violations() []violation {
	half := `"` + `\ud8` + `00"`
	return slices.Concat(tokenViolations(), nameViolations(), []violation{
		ofValue("half a character", -32600, freely, half),
		ofValue("bytes that are no UTF-8", -32700, freely, "\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\""),
		ofValue("a number beyond a double", -32600, freely, "1e309", "-1E+400", "1"+strings.Repeat("0", 309)),
		ofValue("nesting beyond the limit", -32600, freely, strings.Repeat("[", 65)+strings.Repeat("]", 65)),
		ofValue("another version of JSON-RPC", -32600, inTop("jsonrpc"), `"1.0"`, `2.0`, `null`, `"2.0 "`),
		ofValue("an id that is none", -32600, inTop("id"), `null`, `true`, `{}`, `[1]`, `1.5`, `1.0`, `1e3`, `-0`),
		ofValue("a method that is none", -32600, inTop("method"), `null`, `1`, `{}`, `["tools/call"]`),
		ofValue("params that are none", -32600, inTop("params"), `null`, `1`, `[]`, `"x"`),
		ofValue("a name that is none", -32602, inParams("name"), `null`, `1`, `{}`, `["x"]`),
		ofValue("a URI that is none", -32602, inParams("uri"), `null`, `1`, `{}`, `["x"]`),
		ofValue("arguments that are none", -32602, inParams("arguments"), `null`, `1`, `[]`, `"x"`),
		ofValue("a _meta that is none", -32602, inParams("_meta"), `null`, `1`, `[]`, `"x"`),
		ofValue("a progress token that is none", -32602, inMeta("progressToken"), `null`, `true`, `{}`, `1.5`),
	})
}

func tokenViolations() []violation {
	return []violation{
		ofTokens("a token of the structure too few", isStructure, func(_ grammar, tokens []string, i int) []string {
			return slices.Delete(tokens, i, i+1)
		}),
		ofTokens("a token of the structure twice", isStructure, func(_ grammar, tokens []string, i int) []string {
			return slices.Insert(tokens, i, tokens[i])
		}),
		ofTokens("a token that JSON has not", isAny, func(g grammar, tokens []string, i int) []string {
			foreign := []string{"'x'", "NaN", "-Infinity", "+1", "01", ".5", "1.", "0x1", "True", "nul", "//", "\"\n\"", `"\x41"`, `"\u12"`, "\x00", "\ufeff", "\u00a0"}
			tokens[i] = foreign[g.IntN(len(foreign))]
			return tokens
		}),
		ofTokens("a comma after the last", func(token string) bool { return token == "}" || token == "]" }, func(_ grammar, tokens []string, i int) []string {
			return slices.Insert(tokens, i, ",")
		}),
		ofTokens("more than one value", isAny, func(g grammar, tokens []string, _ int) []string {
			return append(tokens, []string{"{}", "1", "x", "\x00", "}"}[g.IntN(5)])
		}),
	}
}

func nameViolations() []violation {
	return []violation{
		named("a member twice", false, func(g grammar, o *node, i int) {
			o.members = slices.Insert(o.members, g.IntN(len(o.members)+1), &pair{o.members[i].name, o.members[i].spelled, g.value(1)})
		}),
		named("a member of the protocol in another case", true, func(g grammar, o *node, i int) {
			o.members[i] = member(anyCase(g, o.members[i].name), o.members[i].value)
		}),
		named("a member of the protocol and its twin", true, func(g grammar, o *node, i int) {
			twin := member(anyCase(g, o.members[i].name), g.value(1))
			o.members = slices.Insert(o.members, g.IntN(len(o.members)+1), twin)
		}),
		{"a batch of one", -32600, func(g grammar, s *sample) string { return "[" + g.write(s.top.tokens()) + "]" }},
	}
}

// TestGrammarViolations breaks messages of the grammar in one place each. The code of the
// refusal follows from what was broken, and the message is read when it is not.
func TestGrammarViolations(t *testing.T) {
	for _, v := range violations() {
		t.Run(v.name, func(t *testing.T) {
			broken := 0
			for seed := range uint64(150) {
				g := grammar{rand.New(rand.NewPCG(seed, 1))}
				s := g.message()
				mustRead(t, g.write(s.top.tokens()))
				body := v.make(g, s)
				if body == "" {
					continue
				}
				broken++
				if bad := readError(t, body); bad.Code != v.code {
					t.Fatalf("seed %d: code %d (%s), want %d: %s", seed, bad.Code, bad, v.code, body)
				}
			}
			if broken < 30 {
				t.Errorf("only %d of 150 messages have such a place", broken)
			}
		})
	}
}
