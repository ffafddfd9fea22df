package authz

import (
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"
)

// The size of a memo. A caller who varies what it asks can push out what others asked, which costs them a new evaluation,
// and cannot make the memo grow.
const (
	memoSets = 1024
	memoWays = 4 // places that one key may be in
)

// memo remembers what one door answered, for one policy: a new revision starts with an empty one. Reading it takes no lock and
// allocates nothing. The zero value remembers nothing.
type memo struct {
	places []atomic.Pointer[remembered]
}

// remembered is one answer under its key. It never changes.
type remembered struct {
	key      memoKey
	decision Decision
}

func newMemo() memo {
	return memo{places: make([]atomic.Pointer[remembered], memoSets*memoWays)}
}

// answer returns the answer under the key, from memory or from ask. An error of the evaluation is not remembered.
func (m memo) answer(key memoKey, ask func() Decision) Decision {
	if d, ok := m.get(key); ok {
		return d
	}
	d := ask()
	if d.reason != ReasonPolicyError {
		m.put(key, d)
	}
	return d
}

// set returns the places that a key may be in; none if nothing is remembered.
func (m memo) set(key memoKey) []atomic.Pointer[remembered] {
	if len(m.places) == 0 {
		return nil
	}
	start := int(binary.LittleEndian.Uint16(key[:])) % memoSets * memoWays
	return m.places[start : start+memoWays]
}

func (m memo) get(key memoKey) (Decision, bool) {
	set := m.set(key)
	for i := range set {
		if r := set[i].Load(); r != nil && r.key == key {
			return r.decision, true
		}
	}
	return Decision{}, false
}

// put takes a free place, or that of an answer that the key happens to name.
func (m memo) put(key memoKey, d Decision) {
	set := m.set(key)
	if len(set) == 0 {
		return
	}
	place := int(key[len(key)-1]) % memoWays
	for i := range set {
		if set[i].Load() == nil {
			place = i
			break
		}
	}
	set[place].Store(&remembered{key: key, decision: d})
}

// memoKey is a digest of everything that an answer depends on but the policy. It is one that cannot be made to collide: callers
// choose much of what is digested, and one answer must never stand for another. It has one size, however long that is.
type memoKey [sha256.Size]byte

// keyText is what a key is the digest of: texts with their lengths and lists with their counts, so that no two questions
// have the same.
type keyText []byte

func (k keyText) text(s string) keyText {
	return append(binary.AppendUvarint(k, uint64(len(s))), s...)
}

func (k keyText) texts(list []string) keyText {
	k = binary.AppendUvarint(k, uint64(len(list)))
	for _, s := range list {
		k = k.text(s)
	}
	return k
}

func (k keyText) filled(list []filled) keyText {
	k = binary.AppendUvarint(k, uint64(len(list)))
	for _, f := range list {
		k = k.text(f.text) // which says what the permission is, too
	}
	return k
}

func (k keyText) templates(list []Template) keyText {
	k = binary.AppendUvarint(k, uint64(len(list)))
	for _, t := range list {
		k = k.text(t.text)
	}
	return k
}

// flag writes a yes or a no.
func (k keyText) flag(yes bool) keyText {
	if yes {
		return append(k, 1)
	}
	return append(k, 0)
}

// permittedKey holds what door two answers by: the caller's subjects, the client and the permissions.
func permittedKey(k keyText, who Principal, aliases []string, permissions []filled) keyText {
	alias := who.Alias
	if len(aliases) < 2 {
		alias = "" // no name has one then
	}
	k = k.flag(who.Machine).text(alias).text(who.Subject).text(who.Client)
	return k.texts(who.Groups).texts(who.Roles).filled(permissions)
}

// delegatedKey holds what door one answers by: the token's scopes, the scopes that are asked for, and what the implicit rows are
// made of besides the policy's own scopes.
func delegatedKey(k keyText, token []string, need Requirement, scopes []filled, given arguments) keyText {
	k = k.texts(token).filled(scopes).templates(need.scopes)
	k = binary.AppendUvarint(k, uint64(len(given)))
	for _, a := range given { // their names follow from the policy and the requirement
		k = k.flag(a.usable).text(a.value)
	}
	return k
}

// digest makes the key.
func (k keyText) digest() memoKey { return sha256.Sum256(k) }

// keySpace is how many bytes most keys fit in, so that making one allocates nothing.
const keySpace = 512

// argument is what one request has for a placeholder. What is not usable has no value, whatever the request said.
type argument struct {
	name, value string
	usable      bool
}

// arguments are all that a decision may depend on: one for each placeholder of the operation and of the policy's scopes.
// They are read from the request once, so that an answer is remembered for exactly what it was given for.
type arguments []argument

// arguments asks the request.
func (p *Policy) arguments(need Requirement, v Values) arguments {
	var list arguments
	for _, name := range p.holes {
		list = list.with(name, v)
	}
	for _, templates := range [][]Template{need.scopes, need.permissions} {
		for _, t := range templates {
			list = list.of(t.object, v).of(t.action, v)
		}
	}
	return list
}

func (a arguments) of(parts []part, v Values) arguments {
	for _, p := range parts {
		if p.hole {
			a = a.with(p.text, v)
		}
	}
	return a
}

// with adds what the request has for a name that is not there yet.
func (a arguments) with(name string, v Values) arguments {
	for _, known := range a {
		if known.name == name {
			return a
		}
	}
	one := argument{name: name}
	if v != nil {
		if value, found := v(name); found && isValue(value) {
			one.value, one.usable = value, true
		}
	}
	return append(a, one)
}

// value has the shape of Values.
func (a arguments) value(name string) (string, bool) {
	for _, known := range a {
		if known.name == name {
			return known.value, known.usable
		}
	}
	return "", false
}
