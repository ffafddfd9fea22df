package bodyfuzz

import (
	"fmt"
	"slices"
	"strings"
)

// bend is one way to make a request worse, or just stranger.
type bend struct {
	name string
	do   func(*draft)
}

func bends() []bend {
	return slices.Concat(memberBends(), valueBends(), protocolBends(), headerBends(), byteBends())
}

// some returns an object of the body and one of its members, mostly near the top, where it matters.
func (d *draft) some() (*object, *member) {
	all := slices.DeleteFunc(d.top.objects(), func(o *object) bool { return len(o.members) == 0 })
	if len(all) == 0 {
		d.top.add("x", "1")
		all = append(all, d.top)
	}
	o := all[min(d.IntN(len(all)), d.IntN(len(all)))]
	return o, o.members[d.IntN(len(o.members))]
}

// someText returns a member whose value is a string.
func (d *draft) someText() *member {
	var texts []*member
	for _, o := range d.top.objects() {
		for _, m := range o.members {
			if m.inner == nil && strings.HasPrefix(m.text, `"`) && len(m.text) > 2 {
				texts = append(texts, m)
			}
		}
	}
	if len(texts) == 0 {
		_, m := d.some()
		return m
	}
	return texts[d.IntN(len(texts))]
}

// other returns another value that could stand in the place of a member's.
func (d *draft) other(m *member) string {
	switch strings.Trim(m.name, `"`) {
	case "method":
		return quote(d.pick("tools/call", "tools/list", "prompts/get", "resources/read", "completion/complete", "ping"))
	case "name":
		return quote(d.pick("note", "wipe", "bytes", "bytes_wipe", "greet", "plot", "query", "tone", "id"))
	case "uri":
		return quote(d.pick("app://config", "app://plans", "user://bob", "user://alice", "user://{id}"))
	case "table":
		return d.pick(`"public"`, `"secret"`)
	case "id":
		return d.pick("1", "2", `"1"`, d.id())
	case "jsonrpc":
		return d.pick(`"2.0"`, `"1.0"`)
	case "type":
		return d.pick(`"ref/prompt"`, `"ref/resource"`)
	case "params", "arguments", "_meta", "ref", "argument":
		return d.pick(`{}`, `{"name":"wipe","arguments":{"text":"x"}}`, `{"text":"other"}`, `{"uri":"app://plans"}`, `{"table":"secret"}`, `{"tone":"x"}`)
	}
	return d.pick(`"other"`, "1", "null", "true", "{}", "[]", d.text(), d.integer())
}

// insert puts a member before or after another one of its object.
func (d *draft) insert(o *object, beside, m *member) {
	at := slices.Index(o.members, beside) + d.IntN(2)
	o.members = slices.Insert(o.members, max(at, 0), m)
}

// twin puts a member of another name, and mostly another value, beside one.
func (d *draft) twin(o *object, m *member, name string) {
	t := m.clone()
	t.name = name
	if d.IntN(4) > 0 {
		t.text, t.inner = d.other(m), nil
	}
	d.insert(o, m, t)
}

// otherCase changes the case of a letter.
func (d *draft) otherCase(name string) string {
	letters := []rune(name)
	for range 8 {
		i := d.IntN(len(letters))
		if c := letters[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			letters[i] ^= 0x20
			return string(letters)
		}
	}
	return strings.ToUpper(name)
}

// otherFold writes a letter that readers without regard to case take for an s or a k.
func (d *draft) otherFold(name string) string {
	folded := strings.NewReplacer("s", "ſ", "k", "\u212a", "S", "ſ", "K", "\u212a").Replace(name)
	if folded == name {
		return d.otherCase(name)
	}
	return folded
}

// escaped spells a letter of a string as an escape.
func (d *draft) escaped(text string) string {
	if len(text) < 3 || text[0] != '"' || strings.ContainsRune(text, '\\') {
		return text
	}
	letters := []rune(text[1 : len(text)-1])
	i := d.IntN(len(letters))
	if letters[i] > 0xffff {
		return text
	}
	return `"` + string(letters[:i]) + fmt.Sprintf(`\u%04x`, letters[i]) + string(letters[i+1:]) + `"`
}

// memberBends are about the members of objects.
func memberBends() []bend {
	twin := func(spell func(*draft, string) string) func(*draft) {
		return func(d *draft) {
			o, m := d.some()
			d.twin(o, m, spell(d, m.name))
		}
	}
	rename := func(spell func(*draft, string) string) func(*draft) {
		return func(d *draft) {
			_, m := d.some()
			m.name = spell(d, m.name)
		}
	}
	same := func(_ *draft, name string) string { return name }
	nameTwin := func(spell func(*draft, string) string) func(*draft) {
		return func(d *draft) {
			params := d.top.in("params")
			m := params.at("name")
			if m == nil {
				m = params.in("ref").at("name")
			}
			if m == nil {
				o, m := d.some()
				d.twin(o, m, spell(d, m.name))
				return
			}
			t := &member{name: spell(d, m.name), text: quote(d.pick("wipe", "bytes_wipe", "plot", "note"))}
			if d.IntN(2) == 0 {
				t.text, m.text = m.text, t.text
			}
			d.insert(params, m, t)
		}
	}
	return []bend{
		{"member twice", twin(same)},
		{"name twice", nameTwin(same)},
		{"case twin", twin((*draft).otherCase)},
		{"case twin of the name", nameTwin((*draft).otherCase)},
		{"fold twin", twin((*draft).otherFold)},
		{"escaped twin", twin((*draft).escaped)},
		{"other case alone", rename((*draft).otherCase)},
		{"other fold alone", rename((*draft).otherFold)},
		{"escaped member", rename((*draft).escaped)},
		{"member gone", func(d *draft) {
			o, m := d.some()
			o.members = slices.DeleteFunc(o.members, func(x *member) bool { return x == m })
		}},
		{"members shuffled", func(d *draft) {
			for _, o := range d.top.objects() {
				d.Shuffle(len(o.members), func(i, j int) { o.members[i], o.members[j] = o.members[j], o.members[i] })
			}
		}},
		{"unknown member", func(d *draft) {
			o, m := d.some()
			d.insert(o, m, &member{name: quote(d.pick("x", "_", "handler", "tool", "subject", "__proto__", "")), text: d.other(m)})
		}},
		{"member in params moved to the top", func(d *draft) {
			_, m := d.some()
			d.insert(d.top, d.top.members[0], m.clone())
		}},
	}
}

// valueBends are about values.
func valueBends() []bend {
	value := func(other func(*draft, *member) string) func(*draft) {
		return func(d *draft) {
			_, m := d.some()
			m.text, m.inner = other(d, m), nil
		}
	}
	odd := func(d *draft, _ *member) string {
		return d.pick("1e400", "-1e400", "-0", "0.0", "1.0", "1E2", "1e-400", "9007199254740993", "123456789012345678901234567890",
			strings.Repeat("9", 400), "0x10", "01", "+1", ".5", "1.", "NaN", "Infinity", "1e", "--1", "9007199254740992.5")
	}
	return []bend{
		{"escaped value", func(d *draft) { m := d.someText(); m.text = d.escaped(m.text) }},
		{"lone surrogate", func(d *draft) {
			m := d.someText()
			m.text = strings.TrimSuffix(m.text, `"`) + d.pick(`\ud800`, `\udc00`, `\ud83d\u0041`, `\udfff\ud800`) + `"`
		}},
		{"lone surrogate in a name", func(d *draft) {
			_, m := d.some()
			m.name = strings.TrimSuffix(m.name, `"`) + d.pick(`\ud800`, `\udc00`) + `"`
		}},
		{"invalid UTF-8", func(d *draft) {
			m := d.someText()
			m.text = strings.TrimSuffix(m.text, `"`) + d.pick("\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82") + `"`
		}},
		{"invalid UTF-8 in a name", func(d *draft) {
			_, m := d.some()
			m.name = strings.TrimSuffix(m.name, `"`) + d.pick("\xff", "\xc1\xae", "\xed\xb0\x80") + `"`
		}},
		{"odd number", value(odd)},
		{"odd number in the arguments", func(d *draft) { d.top.in("params", "arguments").set(d.pick("id", "n", "limit", "deep"), odd(d, nil)) }},
		{"deep", value(func(d *draft, _ *member) string {
			depth := []int{30, 58, 60, 61, 62, 63, 64, 65, 200, 2000}[d.IntN(10)]
			if d.IntN(2) == 0 {
				return strings.Repeat("[", depth) + strings.Repeat("]", depth)
			}
			return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
		})},
		{"another value", value((*draft).other)},
		{"null", value(func(*draft, *member) string { return "null" })},
		{"another type", value(func(d *draft, _ *member) string { return d.pick("null", "true", "0", `"x"`, "[]", "{}", `["x"]`) })},
		{"value not closed", value(func(d *draft, m *member) string { return d.pick(`"`, `[1`, `{`, `tru`, `"\x"`, `"\u12"`, "'x'", "") })},
		{"control characters", func(d *draft) {
			m := d.someText()
			m.text = strings.TrimSuffix(m.text, `"`) + d.pick("\x00", "\n", "\x1f", "\x7f", `\u0000`, `\n`) + `"`
		}},
	}
}
