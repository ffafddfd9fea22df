package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

const (
	module   = "github.com/sallyport-mcp/sallyport/"
	whole    = 100.0
	ordinary = 85.0
)

// promised is the coverage a package must have, in per cent, and whether it is asked at all.
func promised(name string) (float64, bool) {
	short := strings.TrimPrefix(name, module)
	switch {
	case short == "authz", short == "transport/token":
		return whole, true
	case strings.HasPrefix(short, "examples/"):
		// Programs, tested from outside as built: by the README's transcript and by the end-to-end clients.
		return 0, false
	default:
		return ordinary, true
	}
}

// report writes one line a package, and under each that falls short what no test reaches. It says whether all are covered enough.
func report(out io.Writer, packages map[string]coverage) bool {
	good := len(packages) > 0
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		got := packages[name]
		want, asked := promised(name)
		verdict := "ok  "
		switch {
		case !asked:
			verdict = "-   "
		case short(got, want):
			verdict = "FAIL"
			good = false
		}
		_, _ = fmt.Fprintf(out, "%s %6.2f %% of %3.0f %%  %s\n", verdict, got.percent(), want, strings.TrimPrefix(name, module))
		if verdict == "FAIL" {
			for _, place := range got.missed {
				_, _ = fmt.Fprintf(out, "     not reached: %s\n", strings.TrimPrefix(place, module))
			}
		}
	}
	return good
}

// short counts statements instead of comparing rounded percentages.
func short(got coverage, want float64) bool {
	if want == whole {
		return got.reached < got.statements
	}
	return got.percent() < want
}
