// Package measure holds what all benchmarks of this module measure with.
package measure

import (
	"cmp"
	"slices"
	"syscall"
	"time"
)

// CPU returns the processor time that this process has used since it started, user and system together.
func CPU() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, err
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}

// Median returns the middle of what the rounds have, the lower one of two. There has to be a round.
func Median[R any, T cmp.Ordered](rounds []R, of func(R) T) T {
	values := make([]T, len(rounds))
	for i, r := range rounds {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}
