package doctor

import (
	"cmp"
	"fmt"
)

// Severity says how much a finding matters. The zero value is [Skipped].
type Severity int

// The severities, from the least to the worst.
const (
	// Skipped is a check that does not apply, or that could not be made.
	Skipped Severity = iota
	// OK is what is as it should be.
	OK
	// Note is advice: nothing breaks without it.
	Note
	// Warning is what a standard says one should not do, or what stops some clients.
	Warning
	// Problem is what a standard forbids, or an open door.
	Problem
)

// String returns the word for a severity, which is also how it stands in JSON.
func (s Severity) String() string {
	switch s {
	case Skipped:
		return "skipped"
	case OK:
		return "ok"
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Problem:
		return "problem"
	}
	return fmt.Sprintf("severity %d", int(s))
}

// MarshalText writes a severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word that MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	for known := Skipped; known <= Problem; known++ {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("%q is no severity", text)
}

// verdict is what one check says: how bad it is, and what was seen. A check that could not be made is unseen.
type verdict struct {
	severity Severity
	seen     string
	unseen   bool
}

func ok(format string, args ...any) verdict {
	return verdict{severity: OK, seen: fmt.Sprintf(format, args...)}
}

func note(format string, args ...any) verdict {
	return verdict{severity: Note, seen: fmt.Sprintf(format, args...)}
}

func warning(format string, args ...any) verdict {
	return verdict{severity: Warning, seen: fmt.Sprintf(format, args...)}
}

func problem(format string, args ...any) verdict {
	return verdict{severity: Problem, seen: fmt.Sprintf(format, args...)}
}

// skipped says why a check does not apply.
func skipped(format string, args ...any) verdict { return verdict{seen: fmt.Sprintf(format, args...)} }

// unseen says why a check that applies could not be made.
func unseen(format string, args ...any) verdict {
	return verdict{seen: fmt.Sprintf(format, args...), unseen: true}
}

// worst returns the worst of several verdicts about one thing, the first of those that are equally bad, and counts the others. One
// that could not be made is worse than all that is no finding.
func worst(all ...verdict) verdict {
	var got verdict
	same := 0
	for i, v := range all {
		switch c := cmp.Compare(v.rank(), got.rank()); {
		case i == 0 || c > 0:
			got, same = v, 0
		case c == 0 && v.severity > OK:
			same++
		}
	}
	if same > 0 {
		got.seen += fmt.Sprintf(" (and %d more like it)", same)
	}
	return got
}

func (v verdict) rank() int {
	if v.unseen {
		return int(OK)*2 + 1
	}
	return int(v.severity) * 2
}
