package server

import (
	"cmp"
	"slices"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/ratelimit"
)

const (
	// foldWindowLength is how long refusals of one address and reason are
	// gathered before they become one line.
	foldWindowLength = 10 * time.Second
	// maxFoldWindows bounds the memory that callers without a token can take.
	// Beyond it refusals are gathered under the address "other".
	maxFoldWindows = 4096
	otherAddress   = ratelimit.Unknown
)

// foldKey is what refusals are gathered by. Reasons come from a fixed set, so
// only addresses can make the map grow.
type foldKey struct{ address, reason string }

type foldWindow struct {
	first record
	count uint64
}

// aggregator gathers refusals that came before a verified token: one line per
// address and reason in ten seconds, so that nobody fills a disk for free. It
// is guarded by the lock of its auditLog.
type aggregator struct{ open map[foldKey]*foldWindow }

// add counts r in its window and opens one if there is none.
func (g *aggregator) add(r *record) {
	key := foldKey{ratelimit.Network(r.address), r.reason}
	window, ok := g.open[key]
	if !ok && len(g.open) >= maxFoldWindows {
		key.address = otherAddress
		window, ok = g.open[key]
	}
	if !ok {
		window = &foldWindow{first: aggregated(r, key.address)}
		g.open[key] = window
	}
	window.count++
}

// aggregated keeps of a refusal what is the same for all in its window.
func aggregated(r *record, address string) record {
	return record{time: r.time, reason: r.reason, revision: r.revision, address: address}
}

// due removes and returns the windows that are over at now, oldest first.
func (g *aggregator) due(now time.Time) []*record {
	return g.take(func(w *foldWindow) bool { return now.Sub(w.first.time) >= foldWindowLength })
}

// all removes and returns every window, oldest first.
func (g *aggregator) all() []*record {
	return g.take(func(*foldWindow) bool { return true })
}

func (g *aggregator) take(over func(*foldWindow) bool) []*record {
	var lines []*record
	for key, window := range g.open {
		if !over(window) {
			continue
		}
		delete(g.open, key)
		line := window.first
		line.count = window.count
		lines = append(lines, &line)
	}
	slices.SortFunc(lines, func(a, b *record) int {
		return cmp.Or(a.time.Compare(b.time), cmp.Compare(a.address, b.address), cmp.Compare(a.reason, b.reason))
	})
	return lines
}
