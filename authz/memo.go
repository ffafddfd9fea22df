package authz

import (
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"
)

// The size of a memo. A caller who varies what it asks can push out what others asked, which costs them a new look at the
// policy, and cannot make the memo grow.
const (
	memoSets = 1024
	memoWays = 4 // places that one key may be in
)

// memo remembers what was worked out for one policy: a new revision starts with an empty one. Reading it takes no lock and
// allocates nothing. The zero value remembers nothing.
type memo[T any] struct {
	places []atomic.Pointer[remembered[T]]
}

// memory is everything that a policy remembers. The zero value remembers nothing: a policy that is made of another one starts
// with it, or with a new one.
type memory struct {
	standings   memo[standing]
	delegations memo[delegation]
	answers     memo[answered] // of door two about permissions that were filled
	coverings   memo[bool]     // of door one about scopes that were filled
}

func newMemory() memory {
	return memory{newMemo[standing](), newMemo[delegation](), newMemo[answered](), newMemo[bool]()}
}

// remembered is a value under its key. It never changes.
type remembered[T any] struct {
	key   memoKey
	value T
}

func newMemo[T any]() memo[T] {
	return memo[T]{places: make([]atomic.Pointer[remembered[T]], memoSets*memoWays)}
}

// set returns the places that a key may be in; none if nothing is remembered.
func (m memo[T]) set(key *memoKey) []atomic.Pointer[remembered[T]] {
	if len(m.places) == 0 {
		return nil
	}
	start := int(binary.LittleEndian.Uint16(key[:])) % memoSets * memoWays
	return m.places[start : start+memoWays]
}

// get returns what is remembered under the key; nil if nothing is.
func (m memo[T]) get(key *memoKey) *T {
	set := m.set(key)
	for i := range set {
		if r := set[i].Load(); r != nil && r.key == *key {
			return &r.value
		}
	}
	return nil
}

// put takes a free place, or that of a value that the key happens to name, and returns what it remembers.
func (m memo[T]) put(key *memoKey, value T) *T {
	r := &remembered[T]{*key, value}
	if set := m.set(key); len(set) > 0 {
		place := int(key[len(key)-1]) % memoWays
		for i := range set {
			if set[i].Load() == nil {
				place = i
				break
			}
		}
		set[place].Store(r)
	}
	return &r.value
}

// memoKey is a digest of everything that a value depends on but the policy. It is one that cannot be made to collide: callers
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

// flag writes a yes or a no.
func (k keyText) flag(yes bool) keyText {
	if yes {
		return append(k, 1)
	}
	return append(k, 0)
}

// callerKey holds what door two answers by: the caller's subjects and the client.
func callerKey(k keyText, who *Principal, aliases []string) keyText {
	alias := who.Alias
	if len(aliases) < 2 {
		alias = "" // no name has one then
	}
	return k.flag(who.Machine).text(alias).text(who.Subject).text(who.Client).texts(who.Groups).texts(who.Roles)
}

// digest makes the key.
func (k keyText) digest() memoKey { return sha256.Sum256(k) }

// keySpace is how many bytes most keys fit in, so that making one allocates nothing.
const keySpace = 512
