package bodyfuzz

import (
	"encoding/json"
	"slices"
	"strings"
)

// object is a JSON object whose members have any spelling, order and number.
type object struct{ members []*member }

// member is a member of an object. Its name is JSON text, quotes included; its value is JSON text or an object.
type member struct {
	name  string
	text  string
	inner *object
}

// quote writes a JSON string.
func quote(s string) string {
	b, _ := json.Marshal(s) // a string can always be written
	return string(b)
}

func (o *object) add(name, text string) *object {
	o.members = append(o.members, &member{name: quote(name), text: text})
	return o
}

func (o *object) nest(name string, inner *object) *object {
	o.members = append(o.members, &member{name: quote(name), inner: inner})
	return o
}

// at returns the first member of that name, nil if there is none.
func (o *object) at(name string) *member {
	for _, m := range o.members {
		if m.name == quote(name) {
			return m
		}
	}
	return nil
}

// set replaces or adds a member.
func (o *object) set(name, text string) {
	if m := o.at(name); m != nil {
		m.text, m.inner = text, nil
		return
	}
	o.add(name, text)
}

func (o *object) remove(name string) {
	o.members = slices.DeleteFunc(o.members, func(m *member) bool { return m.name == quote(name) })
}

// in returns the object at a path, which is made if there is none.
func (o *object) in(path ...string) *object {
	for _, name := range path {
		m := o.at(name)
		if m == nil {
			m = &member{name: quote(name)}
			o.members = append(o.members, m)
		}
		if m.inner == nil {
			m.inner = &object{}
		}
		o = m.inner
	}
	return o
}

// objects returns o and every object in it.
func (o *object) objects() []*object {
	all := []*object{o}
	for _, m := range o.members {
		if m.inner != nil {
			all = append(all, m.inner.objects()...)
		}
	}
	return all
}

func (m *member) clone() *member {
	c := *m
	if m.inner != nil {
		c.inner = &object{}
		for _, inner := range m.inner.members {
			c.inner.members = append(c.inner.members, inner.clone())
		}
	}
	return &c
}

func (m *member) value() string {
	if m.inner != nil {
		return m.inner.String()
	}
	return m.text
}

// String writes the object.
func (o *object) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m.name + ":" + m.value())
	}
	b.WriteByte('}')
	return b.String()
}
