package authz

// Values returns the value of a placeholder in one request. A nil Values has none.
type Values func(name string) (string, bool)

// argument is what one request has for a placeholder. What is not usable has no value, whatever the request said.
type argument struct {
	name, value string
	given       bool // the request has something for it
	usable      bool // and it can stand for the placeholder
}

// arguments are what one request has for the placeholders of an operation, each asked for once: what is decided about is
// what was read here.
type arguments []argument

// read asks the request for what the parts need and the list has not yet.
func (a arguments) read(parts []part, v Values) arguments {
	for _, p := range parts {
		if p.hole && a.find(p.text).name == "" {
			a = append(a, argumentOf(p.text, v))
		}
	}
	return a
}

// readAll asks the request for all that the templates need.
func (a arguments) readAll(list []Template, v Values) arguments {
	for i := range list {
		if list[i].open {
			a = a.read(list[i].object, v).read(list[i].action, v)
		}
	}
	return a
}

func argumentOf(name string, v Values) argument {
	one := argument{name: name}
	if v == nil {
		return one
	}
	value, given := v(name)
	one.given = given
	if given && isValue(value) {
		one.value, one.usable = value, true
	}
	return one
}

// find returns what the request has for a name; the zero argument if it was not asked for it.
func (a arguments) find(name string) argument {
	for i := range a {
		if a[i].name == name {
			return a[i]
		}
	}
	return argument{}
}
