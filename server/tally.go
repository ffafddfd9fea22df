package server

import "maps"

// outcomeKey is what decisions are counted by.
type outcomeKey struct {
	allow  bool
	reason string
}

// tally counts decisions by outcome and reason. Its keys are fixed when it is
// made, so that nothing a caller sends can make it grow, and every series of
// the metrics is there from the start. It is guarded by the lock of its
// auditLog.
type tally map[outcomeKey]uint64

func newTally() tally {
	t := tally{{true, reasonOther}: 0, {false, reasonOther}: 0}
	for _, reason := range allowReasons() {
		t[outcomeKey{true, reason}] = 0
	}
	for _, reason := range denyReasons() {
		t[outcomeKey{false, reason}] = 0
	}
	return t
}

// count counts one decision.
func (t tally) count(r *record) {
	key := outcomeKey{r.allow, r.reason}
	if _, known := t[key]; !known {
		key.reason = reasonOther
	}
	t[key]++
}

func (t tally) clone() tally { return maps.Clone(t) }
