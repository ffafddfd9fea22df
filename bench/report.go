package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/sallyport-mcp/sallyport/bench/internal/measure"
)

// result is what is known of one revision: its rounds, or why there are none.
type result struct {
	revision string
	rounds   []round
	missing  string
}

// errMissed tells that a ratio is above its bar or unknown.
var errMissed = errors.New("a bar is missed")

// report writes the table. The error is errMissed if the bars are asked for and one of them is missed or unknown.
func report(w io.Writer, o options, results []result) error {
	_, err := fmt.Fprintf(w, "CPU of the server process for one tools/call; median of %d interleaved rounds of %d requests, %d connections, %s on %d CPUs\n\n",
		o.rounds, o.requests, o.connections, runtime.Version(), runtime.NumCPU())
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "revision\tbare mcp-go\tthrough the gate\tratio\tlowest to highest\tbar\t\tallocations")
	missed := false
	for _, b := range bars() {
		i := slices.IndexFunc(results, func(r result) bool { return r.revision == b.revision })
		if i < 0 {
			continue
		}
		missed = !b.row(table, results[i]) || missed
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if missed && o.bar {
		return errMissed
	}
	return nil
}

// row writes one line of the table and reports whether the bar is met.
func (b bar) row(w io.Writer, r result) bool {
	if len(r.rounds) == 0 {
		fmt.Fprintf(w, "%s\tnot measured: %s\n", b.revision, r.missing)
		return false
	}
	ratio := measure.Median(r.rounds, round.ratio)
	lowest, highest := slices.MinFunc(r.rounds, byRatio).ratio(), slices.MaxFunc(r.rounds, byRatio).ratio()
	met, word := ratio <= b.most, "missed"
	if met {
		word = "met"
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%.3f\t%.3f to %.3f\t%.2f\t%s\t%.0f, %.0f\n", b.revision,
		micros(measure.Median(r.rounds, func(r round) time.Duration { return r.bare.cpu })),
		micros(measure.Median(r.rounds, func(r round) time.Duration { return r.gate.cpu })),
		ratio, lowest, highest, b.most, word,
		measure.Median(r.rounds, func(r round) float64 { return r.bare.allocs }),
		measure.Median(r.rounds, func(r round) float64 { return r.gate.allocs }))
	return met
}

func byRatio(a, b round) int { return cmp.Compare(a.ratio(), b.ratio()) }

func micros(d time.Duration) string {
	return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
}
