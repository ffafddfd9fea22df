// Package ratelimit counts in memory that never grows: token buckets in a table
// of fixed size, and a set of hashes that forgets.
//
// A map with an entry for each caller grows with whatever an attacker sends. One
// that evicts lets her reset her own budget, or that of others, by filling it.
// A [Table] does neither: it has no entries. Every key falls on one bucket in
// each of two rows, by hashes that nobody outside the process can compute, and
// is refused only if both are empty. Nothing is ever removed; buckets fill up
// with time alone.
//
// The price is that keys share buckets. For a key to be refused because of others,
// both of its buckets must be held empty by them. Holding a bucket empty takes as
// many requests as one caller may send, so an attacker who sends r times that holds
// at most r of the buckets of a row, and hits somebody else with a probability of
// (r / 16384) squared, whatever number of addresses she has.
package ratelimit

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	rows    = 2
	buckets = 1 << 14 // in each row
)

// Table is a set of token buckets, all of one size. Use [NewTable] to make one.
// It takes 256 KiB whatever happens and is safe for concurrent use.
type Table struct {
	interval int64 // nanoseconds in which one token comes back
	depth    int64 // nanoseconds in which an empty bucket is full again
	seeds    [rows]maphash.Seed

	mu sync.Mutex
	// full is when a bucket is full again, in nanoseconds of the clock. That is
	// all there is to a token bucket (the generic cell rate algorithm).
	full [rows][buckets]int64
}

// NewTable makes a table whose buckets hold burst tokens and regain perMinute of
// them in a minute. Both must be positive; with a burst of at most a million and
// at most a thousand million a minute nothing overflows.
func NewTable(perMinute, burst int) *Table {
	t := &Table{interval: int64(time.Minute) / int64(perMinute)}
	t.depth = t.interval * int64(burst)
	for row := range t.seeds {
		t.seeds[row] = maphash.MakeSeed()
	}
	return t
}

// Key is what a bucket is for. The zero value is a key like any other.
type Key struct{ A, B, C string }

// Charge is what one Take has taken. The zero value is nothing.
type Charge struct {
	bucket [rows]int
	amount [rows]int64
}

// Take takes one token for the key at now. If there is none it takes nothing and
// returns false and how long it is until there is one.
func (t *Table) Take(key Key, now time.Time) (Charge, time.Duration, bool) {
	var c Charge
	for row := range rows {
		c.bucket[row] = int(maphash.Comparable(t.seeds[row], key) % buckets)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	least := t.settled(0, c.bucket[0], now)
	for row := 1; row < rows; row++ {
		least = min(least, t.settled(row, c.bucket[row], now))
	}
	full := least + t.interval
	if wait := full - t.depth - now.UnixNano(); wait > 0 {
		return Charge{}, time.Duration(wait), false
	}
	// The fuller bucket tells how much the key has taken at most; the other one
	// was emptied by others as well and need not hold more than that.
	for row := range rows {
		bucket := &t.full[row][c.bucket[row]]
		before := t.settled(row, c.bucket[row], now)
		*bucket = max(before, full)
		c.amount[row] = *bucket - before
	}
	return c, 0, true
}

// settled returns when the bucket is full, which is not before now. It is not
// later than for an empty one either, and is put right if it is: a clock that was
// set back locks nobody out.
func (t *Table) settled(row, bucket int, now time.Time) int64 {
	full := &t.full[row][bucket]
	*full = min(*full, now.UnixNano()+t.depth)
	return max(*full, now.UnixNano())
}

// Give gives back exactly what the charge took.
func (t *Table) Give(c Charge) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for row := range rows {
		t.full[row][c.bucket[row]] -= c.amount[row]
	}
}
