//go:build unix

package server

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkWatchAtRest is one look at a policy of 100,000 rows, some 5 MB, that nobody
// edits. The share is what all looks of a second take of one processor, by what the
// process has used of it: others on the machine do not count.
func BenchmarkWatchAtRest(b *testing.B) {
	f := newPolicyFixture(b)
	f.write(b, f.policy, manyRules(100_000, goodPolicy))
	f.settle()
	b.ReportAllocs()
	before, n := used(b), 0
	for b.Loop() {
		f.look()
		n++
	}
	each := (used(b) - before) / time.Duration(n)
	b.ReportMetric(100*each.Seconds()/pollInterval.Seconds(), "%cpu")
}

// used is the processor time of this process.
func used(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkEditTakesEffect is the time from the writing of an edit until it is in
// force, with the watcher as it runs in a server.
func BenchmarkEditTakesEffect(b *testing.B) {
	for name, c := range map[string]struct {
		rows int
		end  string
	}{"10 rows": {10, "\n"}, "100000 rows": {100_000, "\n"}, "100000 rows, no final newline": {100_000, ""}} {
		b.Run(name, func(b *testing.B) {
			f := newPolicyFixture(b)
			ctx, stop := context.WithCancel(b.Context())
			var watching sync.WaitGroup
			watching.Go(func() { f.watch(ctx) })
			longest, n := time.Duration(0), 0
			for b.Loop() {
				n++
				text := manyRules(c.rows, goodPolicy+"# edit "+strconv.Itoa(n)+c.end)
				before, began := f.policyStore.policy(), time.Now()
				f.rename(b, f.policy, text)
				tick := time.NewTicker(time.Millisecond)
				for f.policyStore.policy() == before {
					<-tick.C
				}
				tick.Stop()
				longest = max(longest, time.Since(began))
			}
			stop()
			watching.Wait()
			b.ReportMetric(longest.Seconds()*1000, "ms-longest")
		})
	}
}

// BenchmarkP16_DecidingWhileReloading is one reload of 20,000 rules while four readers
// decide, and how long those waited.
func BenchmarkP16_DecidingWhileReloading(b *testing.B) {
	f := newPolicyFixture(b)
	texts := [2]string{manyRules(20_000, goodPolicy+"# one\n"), manyRules(20_000, goodPolicy+"# two\n")}
	var done atomic.Bool
	var readers sync.WaitGroup
	taken := make([][]time.Duration, 4)
	for i := range taken {
		readers.Go(func() {
			for !done.Load() {
				began := time.Now()
				f.may("bob", "echo:use")
				taken[i] = append(taken[i], time.Since(began))
			}
		})
	}
	n := 0
	for b.Loop() {
		f.rename(b, f.policy, texts[n%2])
		f.settle()
		n++
	}
	done.Store(true)
	readers.Wait()
	all := slices.Concat(taken...)
	slices.Sort(all)
	at := func(share float64) float64 { return float64(all[int(share*float64(len(all)-1))].Microseconds()) }
	b.ReportMetric(at(0.5), "us-p50")
	b.ReportMetric(at(0.99), "us-p99")
	b.ReportMetric(at(0.9999), "us-p99.99")
	b.ReportMetric(at(1), "us-max")
}
