package authz

import (
	"slices"
	"sync/atomic"
)

// delegation is what the scopes of a token amount to: everything they imply, and the answers of door one about what the
// server declares. It is worked out once for a set of scopes, and shared by all that have it.
type delegation struct {
	key    memoKey
	scopes steps
	said   []atomic.Uint32 // by number of a declared scope without placeholders: 0, or one of the two below
}

const (
	covered    = 1
	notCovered = 2
)

// delegation returns what the scopes amount to, remembered or worked out.
func (p *Policy) delegation(scopes []string) *delegation {
	var space [keySpace]byte
	key := keyText(space[:0]).texts(scopes).digest()
	if d := p.delegations.get(&key); d != nil {
		return d
	}
	names := make([]string, len(scopes))
	for i, scope := range scopes {
		names[i] = kindScope + ":" + scope
	}
	return p.delegations.put(&key, delegation{key: key, scopes: p.rows.reach(names...), said: make([]atomic.Uint32, p.scopes.plain)})
}

// covers is the answer of door one about one scope of an operation.
func (p *Policy) covers(d *delegation, token []string, t *Template, need Requirement, v Values, given arguments) bool {
	var space [keySpace]byte
	f := t.fill(space[:0], given)
	return p.coversByRows(d, token, t, f) || p.coversOtherwise(d, token, f, t.short, need, v)
}

// coversByRows is what covers says without the values of this request for other scopes: remembered or asked for.
func (p *Policy) coversByRows(d *delegation, token []string, t *Template, f filled) bool {
	ask := func() bool {
		return p.holds(d, token, f.scope) || p.rows.ask(d.scopes, f.object, f.action).allow != noRule
	}
	if t.open {
		var text [keySpace]byte
		key := keyText(append(append(text[:0], d.key[:]...), f.text...)).digest()
		if yes := p.coverings.get(&key); yes != nil {
			return *yes
		}
		return *p.coverings.put(&key, ask())
	}
	id, remembered := p.scopes.ids[t.text]
	if !remembered {
		return ask()
	}
	if said := d.said[id].Load(); said != 0 {
		return said == covered
	}
	yes := ask()
	d.said[id].Store(coverage(yes))
	return yes
}

func coverage(yes bool) uint32 {
	if yes {
		return covered
	}
	return notCovered
}

// holds reports whether the token has a scope or one that implies it, given as the subject of a row. Every declared scope
// allows what it is named after.
func (p *Policy) holds(d *delegation, token []string, subject []byte) bool {
	name := subject[len(kindScope)+1:]
	return slices.ContainsFunc(token, func(t string) bool { return t == string(name) }) || p.rows.has(d.scopes, subject)
}

// coversOtherwise reports whether the token has the scope in the other spelling, with the action "use" or without one, and
// this request makes that a declared scope. Two plain scopes are not declared in both spellings; with a placeholder
// that can happen.
func (p *Policy) coversOtherwise(d *delegation, token []string, f filled, short bool, need Requirement, v Values) bool {
	if string(f.action) != defaultAction {
		return false
	}
	var space [keySpace]byte
	other := f.otherwise(space[:0], short)
	if !p.holds(d, token, other) {
		return false
	}
	means := func(t Template) bool {
		given := arguments{}.read(t.object, v).read(t.action, v)
		return t.short != short && t.unfillable(given) == "" && string(t.fill(nil, given).scope) == string(other)
	}
	return slices.ContainsFunc(p.implicit, means) || slices.ContainsFunc(need.scopes, means)
}

// otherwise is the subject of a scope with the action "use" in its other spelling. Short is whether this one has no action.
func (f filled) otherwise(space []byte, short bool) []byte {
	other := append(append(space, kindScope+":"...), f.object...)
	if short {
		other = append(append(other, ':'), defaultAction...)
	}
	return other
}
