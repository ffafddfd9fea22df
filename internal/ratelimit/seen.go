package ratelimit

import (
	"hash/maphash"
	"sync/atomic"
)

const places = 1 << 14

// Seen remembers up to 16384 texts by their hashes, each until another one takes
// its place. It may forget a text at any time and, once in 2^64, know one that
// it was never told: good for a preference, and nothing else. Use [NewSeen] to
// make one. It takes 128 KiB and is safe for concurrent use.
type Seen struct {
	seed  maphash.Seed
	place [places]atomic.Uint64
}

// NewSeen returns an empty set.
func NewSeen() *Seen { return &Seen{seed: maphash.MakeSeed()} }

// Hash is what the set knows of a text. It means nothing to another set.
type Hash uint64

// Hash returns what stands for the text in this set. It is never 0, which is an
// empty place.
func (s *Seen) Hash(text string) Hash { return Hash(maphash.String(s.seed, text) | 1) }

func (s *Seen) at(h Hash) *atomic.Uint64 { return &s.place[uint64(h)>>1%places] }

// Has tells whether the text was remembered and not forgotten since.
func (s *Seen) Has(h Hash) bool { return s.at(h).Load() == uint64(h) }

// Remember remembers the text.
func (s *Seen) Remember(h Hash) { s.at(h).Store(uint64(h)) }

// Forget forgets the text, if it is remembered.
func (s *Seen) Forget(h Hash) { s.at(h).CompareAndSwap(uint64(h), 0) }
