package ratelimit

import (
	"fmt"
	"sync"
	"testing"
	"time"
	"unsafe"
)

var epoch = time.Unix(1_800_000_000, 0)

func take(t *testing.T, table *Table, key Key, now time.Time, want bool) time.Duration {
	t.Helper()
	_, wait, ok := table.Take(key, now)
	if ok != want || ok != (wait == 0) {
		t.Fatalf("Take(%v) at +%v: %v, wait %v; want %v", key, now.Sub(epoch), ok, wait, want)
	}
	return wait
}

func TestBurstThenRate(t *testing.T) {
	table := NewTable(60, 3)
	for range 3 {
		take(t, table, Key{A: "a"}, epoch, true)
	}
	if wait := take(t, table, Key{A: "a"}, epoch.Add(100*time.Millisecond), false); wait != 900*time.Millisecond {
		t.Errorf("wait %v", wait)
	}
	take(t, table, Key{B: "a"}, epoch, true)
	take(t, table, Key{A: "a"}, epoch.Add(time.Second), true)
	take(t, table, Key{A: "a"}, epoch.Add(time.Second), false)
	for range 3 {
		take(t, table, Key{A: "a"}, epoch.Add(time.Hour), true)
	}
	take(t, table, Key{A: "a"}, epoch.Add(time.Hour), false)
}

func TestGive(t *testing.T) {
	table := NewTable(60, 1)
	for range 3 {
		charge, _, ok := table.Take(Key{A: "a"}, epoch)
		if !ok {
			t.Fatal("what was given back is not there")
		}
		table.Give(charge)
	}
	take(t, table, Key{A: "a"}, epoch, true)
	take(t, table, Key{A: "a"}, epoch, false)
	table.Give(Charge{})
	take(t, table, Key{A: "a"}, epoch, false)
}

func TestClockThatIsSetBack(t *testing.T) {
	table := NewTable(60, 2)
	take(t, table, Key{}, epoch, true)
	back := epoch.Add(-time.Hour)
	if wait := take(t, table, Key{}, back, false); wait != time.Second {
		t.Errorf("wait %v", wait)
	}
	if _, _, ok := table.Take(Key{}, back.Add(2*time.Second)); !ok {
		t.Error("locked out by the clock")
	}
}

// TestFloodOfKeys: many keys neither free the one that is exhausted, nor take
// anything from others, nor memory.
func TestFloodOfKeys(t *testing.T) {
	table := NewTable(60, 5)
	exhausted := Key{A: "exhausted"}
	for range 5 {
		take(t, table, exhausted, epoch, true)
	}
	for i := range 100_000 {
		table.Take(Key{A: fmt.Sprint("once ", i)}, epoch)
	}
	take(t, table, exhausted, epoch, false)

	table = NewTable(60, 5)
	for i := range 20 {
		for range 100 {
			table.Take(Key{A: fmt.Sprint("flood ", i)}, epoch)
		}
	}
	for range 5 {
		take(t, table, Key{A: "neighbour"}, epoch, true)
	}
	if size := unsafe.Sizeof(Table{}); size > 257<<10 {
		t.Errorf("a table takes %d bytes", size)
	}
}

func TestConcurrentTakes(t *testing.T) {
	table := NewTable(60, 100)
	var group sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for range 8 {
		group.Go(func() {
			for range 50 {
				if _, _, ok := table.Take(Key{}, epoch); ok {
					mu.Lock()
					taken++
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	if taken != 100 {
		t.Errorf("%d of 100 taken", taken)
	}
}

func TestSeen(t *testing.T) {
	s := NewSeen()
	h := s.Hash("token")
	if s.Has(h) {
		t.Error("knows what it was not told")
	}
	s.Remember(h)
	if !s.Has(h) || s.Has(s.Hash("other")) {
		t.Error("does not know the one it was told, or another")
	}
	s.Forget(s.Hash("other"))
	if !s.Has(h) {
		t.Error("forgot another")
	}
	s.Forget(h)
	if s.Has(h) {
		t.Error("did not forget")
	}
}

func TestNetwork(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:80":                 "192.0.2.1",
		"192.0.2.1":                    "192.0.2.1",
		"[::ffff:192.0.2.1]:80":        "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:80":    "2001:db8:1:2::/64",
		"2001:db8:1:2::1":              "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":            "fe80::/64",
		"@":                            Unknown,
		"":                             Unknown,
		"192.0.2.1, 198.51.100.1":      Unknown,
		"[2001:db8:1:2:ffff::]:443":    "2001:db8:1:2::/64",
		"[2001:db8:1:3:ffff::ffff]:80": "2001:db8:1:3::/64",
	} {
		if got := Network(remote); got != want {
			t.Errorf("Network(%q) = %q, want %q", remote, got, want)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	table := NewTable(6000, 6000)
	key := Key{A: "https://issuer.example", B: "alice", C: "notes_search"}
	b.ReportAllocs()
	for b.Loop() {
		table.Take(key, epoch)
	}
}
