package token

import (
	"encoding/binary"
	"testing"
	"time"
)

// TestInactiveTokensAreBounded: who sends many bad tokens fills no memory.
func TestInactiveTokensAreBounded(t *testing.T) {
	n := &introspector{inactive: map[digest]time.Time{}}
	for i := range 3 * maxInactive {
		var id digest
		binary.LittleEndian.PutUint64(id[:], uint64(i))
		n.remember(id)
		if len(n.inactive) > maxInactive || n.inactive[id].IsZero() {
			t.Fatalf("%d are remembered after %d", len(n.inactive), i)
		}
	}
}

// TestAnswersAreBelievedForAWhile: and no longer.
func TestAnswersAreBelievedForAWhile(t *testing.T) {
	is := &issuer{introspector: &introspector{Introspection: Introspection{CacheFor: time.Minute}}}
	fresh, old := &accepted{issuer: is, asked: time.Now()}, &accepted{issuer: is, asked: time.Now().Add(-time.Minute)}
	if !fresh.holds() || old.holds() {
		t.Errorf("fresh %t, old %t", fresh.holds(), old.holds())
	}
}
