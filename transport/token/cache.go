package token

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

const (
	// NoCache is the Config.CacheSize that remembers nothing.
	NoCache = -1
	// defaultCacheSize takes about 10 MB when it is full of common tokens.
	defaultCacheSize = 1 << 14
	maxCacheSize     = 1 << 20
	// cacheWays is how many places there are for one token.
	cacheWays = 8
	// sweepInterval is how often tokens that are over are forgotten.
	sweepInterval = time.Minute
)

// digest stands for a token in the cache, which never holds the token itself. It
// covers the signature too: one changed bit anywhere makes another token.
type digest [sha256.Size]byte

// digestOf goes through a buffer on the stack: converting the whole string would
// leave a copy of the token on the heap for every request.
func digestOf(raw string) digest {
	var part [1024]byte
	var sum digest
	h := sha256.New()
	for len(raw) > 0 {
		n := copy(part[:], raw)
		h.Write(part[:n])
		raw = raw[n:]
	}
	h.Sum(sum[:0])
	return sum
}

// accepted is what was found out about a token that passed every check. It is not
// changed, and holds all that is needed to ask again what may have changed since.
type accepted struct {
	issuer *issuer
	kid    string // as the token names it; empty if it names none
	key    *key   // the one that verified the signature, nil if the issuer was asked
	asked  time.Time
	times  times
	who    authz.Principal
}

// holds reports whether the token's signature would be verified by the same key
// now: the issuer's keys are not too old, and the token still leads to it. Of an
// opaque token, it is whether the issuer's answer is still believed.
func (a *accepted) holds() bool {
	if a.key == nil {
		return time.Since(a.asked) < a.issuer.introspector.CacheFor
	}
	set := a.issuer.keys.usable()
	if set == nil {
		return false
	}
	k, err := set.find(a.kid, a.key.algorithm)
	return err == nil && k.published == a.key.published
}

// principal returns a copy that shares nothing: whoever changes it changes nothing
// for the next request with the same token.
func (a *accepted) principal() authz.Principal {
	who := a.who
	// One allocation for all lists. Each ends where its capacity does.
	all := make([]string, 0, len(who.Groups)+len(who.Roles)+len(who.Scopes))
	for _, list := range []*[]string{&who.Groups, &who.Roles, &who.Scopes} {
		if *list == nil {
			continue
		}
		start := len(all)
		all = append(all, *list...)
		*list = all[start:len(all):len(all)]
	}
	return who
}

// cache remembers accepted tokens. Refusals are not remembered: one may turn into
// the opposite when a key or a moment comes, and who sends bad tokens would
// decide what is forgotten.
//
// The memory is fixed: the digest says in which few slots a token may be, and a
// new one takes the place of one that nobody asked for lately. So finding and
// replacing cost the same whatever tokens come, and no lock is taken.
type cache struct {
	ways  int
	slots []atomic.Pointer[remembered]
}

type remembered struct {
	*accepted
	digest digest
	recent atomic.Bool // asked for since somebody last looked for a place
}

// newCache has room for at most size tokens, none if that is NoCache.
func newCache(size int) *cache {
	ways := min(max(size, 0), cacheWays)
	if ways == 0 {
		return &cache{}
	}
	return &cache{ways: ways, slots: make([]atomic.Pointer[remembered], size/ways*ways)}
}

// places returns the slots in which a token may be.
func (c *cache) places(d digest) []atomic.Pointer[remembered] {
	if c.ways == 0 {
		return nil
	}
	first := binary.LittleEndian.Uint64(d[:]) % uint64(len(c.slots)/c.ways) * uint64(c.ways) //nolint:gosec // G115: lengths
	return c.slots[first:][:c.ways]
}

// get returns what is remembered of a token, nil if nothing is. It says nothing
// about what holds now.
func (c *cache) get(d digest) *accepted {
	places := c.places(d)
	for i := range places {
		if r := places[i].Load(); r != nil && r.digest == d {
			// Writing only once keeps other processors' copies valid.
			if !r.recent.Load() {
				r.recent.Store(true)
			}
			return r.accepted
		}
	}
	return nil
}

// put remembers a token. Of two at the same time one may be lost.
func (c *cache) put(d digest, a *accepted) {
	places := c.places(d)
	if places == nil {
		return
	}
	// From anywhere on, so that tokens nobody asks for take turns.
	offset := rand.IntN(len(places)) //nolint:gosec // G404: spreads load, is no secret
	best, bestWorth := 0, worthMost+1
	for i := range places {
		at := (offset + i) % len(places)
		if worth := places[at].Load().worth(d); worth < bestWorth {
			best, bestWorth = at, worth
		}
	}
	if bestWorth == worthMost {
		for i := range places {
			if r := places[i].Load(); r != nil {
				r.recent.Store(false)
			}
		}
	}
	places[best].Store(&remembered{accepted: a, digest: d})
}

// What a slot is worth keeping as it is.
const (
	worthSame  = iota // the same token, which must not be there twice
	worthEmpty        // nothing
	worthIdle         // a token that nobody asked for lately
	worthMost         // a token in use
)

func (r *remembered) worth(d digest) int {
	switch {
	case r == nil:
		return worthEmpty
	case r.digest == d:
		return worthSame
	case r.recent.Load():
		return worthMost
	}
	return worthIdle
}

// sweep forgets the tokens that are over at now.
func (c *cache) sweep(now time.Time) {
	for i := range c.slots {
		if r := c.slots[i].Load(); r != nil && r.issuer.checkTimes(r.times, now) != nil {
			c.slots[i].CompareAndSwap(r, nil)
		}
	}
}

// run sweeps until ctx ends.
func (c *cache) run(ctx context.Context, now func() time.Time) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			c.sweep(now())
		}
	}
}
