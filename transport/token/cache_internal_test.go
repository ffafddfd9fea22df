package token

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
)

// inPlace returns the n-th of the digests that share their places in a cache.
func inPlace(c *cache, place, n int) digest {
	var d digest
	binary.LittleEndian.PutUint64(d[:], uint64(place+n*len(c.slots)/max(c.ways, 1)))
	binary.LittleEndian.PutUint64(d[8:], uint64(n))
	return d
}

// held counts what a cache holds.
func (c *cache) held() int {
	n := 0
	for i := range c.slots {
		if c.slots[i].Load() != nil {
			n++
		}
	}
	return n
}

func TestCacheIsBounded(t *testing.T) {
	for _, size := range []int{1, 7, 8, 100, defaultCacheSize} {
		c := newCache(size)
		for i := range 40_000 {
			c.put(digestOf(string(binary.LittleEndian.AppendUint64(nil, uint64(i)))), &accepted{})
		}
		if n := c.held(); n > size || n < size*9/10 {
			t.Errorf("size %d: holds %d after 40,000 tokens", size, n)
		}
	}
}

func TestCacheFindsWhatItHolds(t *testing.T) {
	c := newCache(64)
	for place := range len(c.slots) / c.ways {
		for n := range c.ways {
			a := &accepted{}
			c.put(inPlace(c, place, n), a)
			if c.get(inPlace(c, place, n)) != a {
				t.Errorf("place %d, token %d: lost at once", place, n)
			}
		}
	}
	if n := c.held(); n != 64 {
		t.Errorf("holds %d, want all of 64", n)
	}
	if c.get(inPlace(c, 0, c.ways)) != nil {
		t.Error("found a token that was never put there")
	}
}

// TestCachePutsATokenOnce would otherwise find the older outcome for ever.
func TestCachePutsATokenOnce(t *testing.T) {
	c := newCache(8)
	for range 100 {
		a := &accepted{}
		c.put(inPlace(c, 0, 1), a)
		if c.get(inPlace(c, 0, 1)) != a {
			t.Fatal("found an older outcome")
		}
	}
	if n := c.held(); n != 1 {
		t.Errorf("one token is there %d times", n)
	}
}

// TestCacheKeepsWhatIsInUse sends many tokens that come once past some in use.
func TestCacheKeepsWhatIsInUse(t *testing.T) {
	c := newCache(8)
	for n := range 7 {
		c.put(inPlace(c, 0, n), &accepted{})
		c.get(inPlace(c, 0, n))
	}
	for n := range 1000 {
		c.put(inPlace(c, 0, 100+n), &accepted{})
	}
	for n := range 7 {
		if c.get(inPlace(c, 0, n)) == nil {
			t.Errorf("token %d in use was forgotten for one that came once", n)
		}
	}
}

// TestCacheGivesWay lets tokens that are in use take turns when there are too many.
func TestCacheGivesWay(t *testing.T) {
	c := newCache(8)
	for n := range 1000 {
		c.put(inPlace(c, 0, n), &accepted{})
		if c.get(inPlace(c, 0, n)) == nil {
			t.Fatalf("token %d found no place", n)
		}
	}
	if c.get(inPlace(c, 0, 0)) != nil {
		t.Error("the first of 1000 tokens is still there")
	}
	c.put(inPlace(c, 0, 1000), &accepted{})
	if n := c.held(); n != 8 {
		t.Errorf("holds %d, want 8", n)
	}
}

// TestCacheForgetsWhatWasInUse fills all places with tokens in use, which then come
// no more.
func TestCacheForgetsWhatWasInUse(t *testing.T) {
	c := newCache(8)
	for n := range 8 {
		c.put(inPlace(c, 0, n), &accepted{})
		c.get(inPlace(c, 0, n))
	}
	for n := range 400 {
		c.put(inPlace(c, 0, 8+n), &accepted{})
	}
	for n := range 8 {
		if c.get(inPlace(c, 0, n)) != nil {
			t.Errorf("token %d is still there after 400 others", n)
		}
	}
}

func TestNoCacheHoldsNothing(t *testing.T) {
	c := newCache(NoCache)
	c.put(digestOf("a"), &accepted{})
	if c.get(digestOf("a")) != nil || c.held() != 0 {
		t.Error("something is held")
	}
	c.sweep(time.Now())
}

// TestDigestCoversEveryByte goes across the end of the buffer of digestOf.
func TestDigestCoversEveryByte(t *testing.T) {
	for _, size := range []int{0, 1, 63, 64, 900, 1023, 1024, 1025, 2048, maxSize} {
		raw := make([]byte, size)
		first := digestOf(string(raw))
		if first != digestOf(string(raw)) {
			t.Errorf("%d bytes: not the same twice", size)
		}
		if first == digestOf(string(raw)+"\x00") {
			t.Errorf("%d bytes: the length does not count", size)
		}
		for _, at := range []int{0, size / 2, size - 1, 1023, 1024} {
			if at < 0 || at >= size {
				continue
			}
			raw[at] = 1
			if first == digestOf(string(raw)) {
				t.Errorf("%d bytes: byte %d does not count", size, at)
			}
			raw[at] = 0
		}
	}
	if digestOf("") == (digest{}) {
		t.Error("the digest of nothing is nothing")
	}
}

// TestTokensThatAreOverAreForgotten also says that refused tokens never get in.
func TestTokensThatAreOverAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := issuertest.New("https://issuer.example")
		v, err := New(Config{Audience: worldAudience, Issuers: []Issuer{{URL: is.URL(), Keys: is.JWKS}}})
		if err != nil {
			t.Fatal(err)
		}
		v.Start(t.Context())
		defer v.Close()
		start := time.Now()
		claims := is.Claims(worldAudience, "alice", "client", "", start)
		verify := func(want int) {
			t.Helper()
			_, _ = v.Verify(context.Background(), is.Sign(claims, nil))
			if n := v.cache.held(); n != want {
				t.Errorf("%d tokens are remembered, want %d", n, want)
			}
		}
		claims["aud"] = "https://other.example"
		verify(0)
		claims["aud"] = worldAudience
		verify(1)
		claims["exp"] = start.Add(10 * time.Minute).Unix()
		verify(2)
		// The first is over after 5 min and 30 s of skew, and swept within a minute.
		for _, tt := range []struct {
			after time.Duration
			want  int
		}{{5*time.Minute + 29*time.Second, 2}, {6*time.Minute + 30*time.Second, 1}, {11*time.Minute + 30*time.Second, 0}} {
			time.Sleep(time.Until(start.Add(tt.after)))
			synctest.Wait()
			if n := v.cache.held(); n != tt.want {
				t.Errorf("after %v %d tokens are remembered, want %d", tt.after, n, tt.want)
			}
		}
	})
}

// TestKnownTokensCostOneAllocation fails if the short way is not taken: a whole
// verification makes some two hundred.
func TestKnownTokensCostOneAllocation(t *testing.T) {
	is := issuertest.New("https://issuer.example")
	v, err := New(Config{Audience: worldAudience, Issuers: []Issuer{{URL: is.URL(), Keys: is.JWKS}}})
	if err != nil {
		t.Fatal(err)
	}
	v.Start(t.Context())
	defer v.Close()
	raw := is.Sign(is.Claims(worldAudience, "alice", "client", "notes:read notes:write", time.Now()), nil)
	ask := func() {
		if _, err := v.Verify(context.Background(), raw); err != nil {
			t.Error(err)
		}
	}
	ask()
	if n := testing.AllocsPerRun(100, ask); n > 1 {
		t.Errorf("%v allocations for a known token", n)
	}
	// The keys are fetched again, unchanged: still the same token.
	v.issuers[is.URL()].keys.refresh(context.Background())
	if n := testing.AllocsPerRun(100, ask); n > 1 {
		t.Errorf("%v allocations for a known token after its keys were fetched again", n)
	}
}
