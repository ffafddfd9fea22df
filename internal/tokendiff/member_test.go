package tokendiff

import (
	"encoding/json"
	"slices"
	"strings"
)

// member is one member of a JSON object as it is written, so that it can be written wrongly.
type member struct{ name, value string }

// object is the members of a JSON object in their order, which may be there twice.
type object []member

// quote writes a string as JSON.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string has no value that cannot be written
	}
	return string(b)
}

func field(name, value string) member { return member{quote(name), value} }

func (o object) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m.name + ":" + m.value)
	}
	b.WriteByte('}')
	return b.String()
}

func (o object) at(name string) int {
	return slices.IndexFunc(o, func(m member) bool { return m.name == quote(name) })
}

// get returns the value of the first member of that name as it is written, "" without one.
func (o object) get(name string) string {
	if i := o.at(name); i >= 0 {
		return o[i].value
	}
	return ""
}

// with returns a copy in which the member has this value, added at the end if there was none.
func (o object) with(name, value string) object {
	changed := slices.Clone(o)
	if i := o.at(name); i >= 0 {
		changed[i].value = value
		return changed
	}
	return append(changed, field(name, value))
}

// without returns a copy that lacks the member.
func (o object) without(name string) object {
	return slices.DeleteFunc(slices.Clone(o), func(m member) bool { return m.name == quote(name) })
}
