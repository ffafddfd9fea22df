package message

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// member is one member of an object, its value as written.
type member struct {
	name  string
	value json.RawMessage
}

// members are the members of one object. The few of a protocol object are
// found faster by looking at all of them than in a map.
type members []member

// get returns the value of a member, nil when there is none. No value of JSON
// is an empty text.
func (ms members) get(name string) json.RawMessage {
	for _, m := range ms {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// split returns the members of an object, and false for any other value. It
// takes only text that strictjson.Check has accepted: it finds where names and
// values end, and checks nothing. The values share memory with raw.
func split(raw []byte) (members, bool) {
	c := cursor{text: raw}
	if c.space(); c.pos == len(raw) || raw[c.pos] != '{' {
		return nil, false
	}
	found := make(members, 0, 8)
	for c.pos++; ; c.pos++ {
		c.space()
		if raw[c.pos] == '}' {
			return found, true
		}
		if raw[c.pos] == ',' {
			continue
		}
		name, _ := text(c.value())
		c.space()
		c.pos++ // the colon
		c.space()
		found = append(found, member{name: name, value: c.value()})
		c.pos--
	}
}

// cursor is a place in checked JSON.
type cursor struct {
	text []byte
	pos  int
}

// space moves over white space.
func (c *cursor) space() {
	for c.pos < len(c.text) && (c.text[c.pos] == ' ' || c.text[c.pos] == '\t' || c.text[c.pos] == '\n' || c.text[c.pos] == '\r') {
		c.pos++
	}
}

// value moves over the value that starts here and returns it.
func (c *cursor) value() json.RawMessage {
	start := c.pos
	for depth := 0; ; {
		switch c.text[c.pos] {
		case '"':
			c.str()
		case '{', '[':
			depth++
			c.pos++
		case '}', ']':
			depth--
			c.pos++
		case ',', ':', ' ', '\t', '\n', '\r':
			c.pos++
		default:
			c.literal()
		}
		if depth == 0 {
			return c.text[start:c.pos:c.pos]
		}
	}
}

// str moves over a string.
func (c *cursor) str() {
	for c.pos++; c.text[c.pos] != '"'; c.pos++ {
		if c.text[c.pos] == '\\' {
			c.pos++
		}
	}
	c.pos++
}

// literal moves over a number, true, false or null, up to what ends it: at the
// latest the brace of the object.
func (c *cursor) literal() {
	c.pos += bytes.IndexAny(c.text[c.pos:], ",}] \t\n\r")
}

// finite reports whether a double can hold every number of an object that
// strictjson.Check has accepted. Of a number too large for that, one reader
// makes infinity, another the exact number, and the one behind this package an
// error (RFC 8259, section 6).
func finite(object []byte) bool {
	for c := (cursor{text: object}); c.pos < len(object); {
		start := c.pos
		switch b := object[start]; {
		case b == '"':
			c.str()
		case b == '-' || b >= '0' && b <= '9':
			c.literal()
			if !fitsDouble(object[start:c.pos]) {
				return false
			}
		default:
			c.pos++
		}
	}
	return true
}

// fitsDouble reports whether a number is not larger than the largest double,
// about 1.8e308. Most are told by their length.
func fitsDouble(number []byte) bool {
	if len(number) < 300 && !bytes.ContainsAny(number, "eE") {
		return true
	}
	_, err := strconv.ParseFloat(string(number), 64)
	return err == nil
}

// text returns the value of a JSON string, and false for any other value.
func text(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// quote writes a JSON string. Marshalling a string cannot fail.
func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s)
	return b
}
