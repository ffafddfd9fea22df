package authz

import "sync/atomic"

// standing is what a policy says of one caller: everything the caller is, and the answers of door two about what the
// server declares. It is worked out once for a caller, and shared by all that ask.
type standing struct {
	key            memoKey
	caller, client steps         // client is for users only, of whose client it is asked as well
	said           []atomicFound // by number of a declared permission without placeholders
}

// outcome is the answer of door two about one permission. The zero value means that it was not asked.
type outcome uint32

const (
	allowed outcome = iota + 1
	missing
	denied
	clientMissing
	clientDenied
	failed
)

// found is an outcome with the rule behind it, noRule if there is none.
type found struct {
	outcome outcome
	rule    uint32
}

// atomicFound holds a found. Whoever works one out may store it: all get the same.
type atomicFound struct{ packed atomic.Uint64 }

func (a *atomicFound) load() found {
	n := a.packed.Load()
	return found{outcome(n >> 32), uint32(n)} //nolint:gosec // the lower half
}

func (a *atomicFound) store(f found) { a.packed.Store(uint64(f.outcome)<<32 | uint64(f.rule)) }

// standing returns what the policy says of the caller, remembered or worked out.
func (p *Policy) standing(who *Principal) *standing {
	var space [keySpace]byte
	key := callerKey(space[:0], who, p.aliases).digest()
	if s := p.standings.get(&key); s != nil {
		return s
	}
	s := standing{key: key, caller: p.rows.reach(who.subjects(p.aliases)...), said: make([]atomicFound, p.permissions.plain)}
	if !who.Machine {
		s.client = p.rows.reach(who.subject(kindClient, who.Client, p.aliases))
	}
	return p.standings.put(&key, s)
}

// answered is what door two says of one permission, with the text of that permission, filled.
type answered struct {
	found
	text string
}

// permission is the answer of door two about one permission of an operation, remembered or asked for.
func (p *Policy) permission(s *standing, who *Principal, t *Template, given arguments) answered {
	if t.open {
		return p.filledPermission(s, who, t, given)
	}
	id, remembered := p.permissions.ids[t.text]
	if remembered {
		if f := s.said[id].load(); f.outcome != 0 {
			return answered{f, t.text}
		}
	}
	f := p.ask(s, who, t.plain)
	if remembered && f.outcome != failed {
		s.said[id].store(f)
	}
	return answered{f, t.text}
}

// filledPermission is permission for one with placeholders: what is remembered is the answer about these values.
func (p *Policy) filledPermission(s *standing, who *Principal, t *Template, given arguments) answered {
	var space, text [keySpace]byte
	f := t.fill(space[:0], given)
	key := keyText(append(append(text[:0], s.key[:]...), f.text...)).digest()
	if a := p.answers.get(&key); a != nil {
		return *a
	}
	a := answered{p.ask(s, who, f), string(f.text)}
	if a.outcome != failed {
		p.answers.put(&key, a)
	}
	return a
}

// ask asks door two about one permission: first all that the caller is together, so that a deny for any of it wins, then
// the client, which can be denied but adds no right.
func (p *Policy) ask(s *standing, who *Principal, f filled) found {
	caller := p.askCaller(s, who, f)
	if caller.outcome != allowed || who.Machine {
		return caller
	}
	if client := p.askClient(s, who, f); client.outcome != allowed {
		return client
	}
	return caller
}

// askCaller is the half of ask about all that the caller is.
func (p *Policy) askCaller(s *standing, who *Principal, f filled) found {
	if p.casbin != nil {
		return p.casbin.askCaller(who, p.aliases, f)
	}
	m := p.rows.ask(s.caller, f.object, f.action)
	switch {
	case m.deny != noRule && who.Machine:
		return found{clientDenied, m.deny}
	case m.deny != noRule:
		return found{denied, m.deny}
	case m.allow == noRule:
		return found{missing, noRule}
	}
	return found{allowed, m.allow}
}

// askClient is the half of ask about the client of a user: allowed means that it is not in the way.
func (p *Policy) askClient(s *standing, who *Principal, f filled) found {
	if p.casbin != nil {
		return p.casbin.askClient(who, p.aliases, f)
	}
	if c := p.rows.ask(s.client, f.object, f.action); c.deny != noRule {
		return found{clientDenied, c.deny}
	}
	return found{allowed, noRule}
}

// declared are the scopes or the permissions that a server declares, each once. Those without placeholders have numbers
// from 0 of their own, and so have those with.
type declared struct {
	ids   map[string]int
	plain int        // how many have no placeholders
	open  []Template // those with
}

func newDeclared(needs []Requirement, of func(Requirement) []Template) declared {
	d := declared{ids: map[string]int{}}
	for _, need := range needs {
		for _, t := range of(need) {
			if _, known := d.ids[t.text]; known {
				continue
			}
			if t.open {
				d.ids[t.text] = len(d.open)
				d.open = append(d.open, t)
			} else {
				d.ids[t.text] = d.plain
				d.plain++
			}
		}
	}
	return d
}
