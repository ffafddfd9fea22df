package measure_test

import (
	"testing"

	"github.com/sallyport-mcp/sallyport/bench/internal/measure"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		rounds []int
		want   int
	}{
		{[]int{7}, 14},
		{[]int{9, 1}, 2},
		{[]int{900, 1, 5}, 10},
		{[]int{4, 3, 2, 1}, 4},
	} {
		if got := measure.Median(c.rounds, func(r int) int { return 2 * r }); got != c.want {
			t.Errorf("%v: %d, want %d", c.rounds, got, c.want)
		}
	}
}

// TestCPU works until the clock has moved, and looks that it never goes back.
func TestCPU(t *testing.T) {
	start, err := measure.CPU()
	if err != nil {
		t.Fatal(err)
	}
	for last := start; last == start; {
		now, err := measure.CPU()
		if err != nil || now < last {
			t.Fatalf("%v after %v, %v", now, last, err)
		}
		last = now
	}
}
