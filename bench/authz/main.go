// Authz measures the policy engine: what a decision costs with 10 rules and with 100,000, asked again and asked about somebody
// new, beside Casbin and Cedar; and what policies, users and remembered principals take.
//
//	make bench-authz                                            # from the root of the repository; exit code 1 if a bar is missed
//	cd bench && go run ./authz -rounds 3 -sizes 10,100,1000     # a quick look, no bar
//	cd bench && go run ./authz -doc /tmp/policy-speed.md        # the page and its plot, policy-speed.svg beside it
//
// What is measured is the processor time of this process (getrusage, user and system), in samples of about -time. Three sets are
// measured one after the other: compilations, warm decisions, and cold ones beside Casbin and Cedar. Rounds are interleaved: each
// takes one sample of everything in its set, every other one backwards, so that whatever else the machine does meets all; a ratio is
// the median of the ratios within the rounds. Before each sample the heap is free of garbage. While decisions are measured there
// are no collections, and what is allocated is counted instead; a compilation pays for its own. Memory is the difference of the
// heap in use after collections.
//
// Only exported names of package authz are used, so that the figures of two engines behind them compare.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are what the command line says.
type options struct {
	rounds int
	sizes  []int         // numbers of rules, ascending
	least  time.Duration // processor time in a sample
	users  int
	bar    bool
	doc    string // path of the page, empty for none
}

func main() {
	o, err := parseOptions(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	if err := benchmark(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "authz:", err)
		os.Exit(1)
	}
}

// benchmark measures and writes the report to w. The error tells that something failed, or that a bar was missed; in that case, too,
// the page is written.
func benchmark(o options, w io.Writer) error {
	r, err := run(o)
	if err != nil {
		return err
	}
	if err := r.report(w); err != nil {
		return err
	}
	if o.doc != "" {
		if err := r.writeDocument(); err != nil {
			return err
		}
	}
	return r.judge()
}

// errMissed tells that a figure is above its bar.
var errMissed = errors.New("a bar is missed")

// What a bar needs at least to be judged.
const (
	minRounds = 5
	minTime   = 5 * time.Millisecond
)

// allSizes are those that the bars are about, and those between.
func allSizes() []int { return []int{baseRules, coldRules, 1_000, 10_000, topRules} }

// parseOptions reads the command line and tells w what is wrong with it.
func parseOptions(arguments []string, w io.Writer) (options, error) {
	o := options{sizes: allSizes()}
	flags := flag.NewFlagSet("authz", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.IntVar(&o.rounds, "rounds", 9, "interleaved rounds; warm decisions have nine times as many")
	flags.Func("sizes", "numbers of rules, ascending (default 10,100,1000,10000,100000)", func(s string) error {
		var err error
		o.sizes, err = parseSizes(s)
		return err
	})
	flags.DurationVar(&o.least, "time", 10*time.Millisecond, "processor time in a sample")
	flags.IntVar(&o.users, "users", 10_000, "users that memory is measured with")
	flags.StringVar(&o.doc, "doc", "", "write a Markdown page to this path, and its plot beside it")
	flags.BoolVar(&o.bar, "bar", false, "exit with 1 if a figure misses its bar")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if err := o.check(); err != nil {
		fmt.Fprintln(w, err)
		return o, err
	}
	return o, nil
}

func parseSizes(s string) ([]int, error) {
	var list []int
	for field := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", field)
		}
		list = append(list, n)
	}
	return list, nil
}

func (o options) check() error {
	switch {
	case o.rounds < 1 || o.least <= 0 || o.users < 1:
		return errors.New("-rounds, -time and -users must be positive")
	case o.sizes[0] < minRules || !slices.IsSorted(o.sizes) || len(slices.Compact(slices.Clone(o.sizes))) != len(o.sizes):
		return fmt.Errorf("-sizes: each at least %d and larger than the one before", minRules)
	case o.bar && (o.rounds < minRounds || o.least < minTime):
		return fmt.Errorf("-bar needs at least %d rounds of %s; with less the ratios say nothing", minRounds, minTime)
	case (o.bar || o.doc != "") && !slices.Equal(o.sizes, allSizes()):
		return errors.New("-bar and -doc need all sizes")
	case o.doc != "" && !strings.HasSuffix(o.doc, documentSuffix):
		return fmt.Errorf("-doc: a path that ends in %s", documentSuffix)
	case o.doc != "":
		if _, err := os.Stat(filepath.Dir(o.doc)); err != nil {
			return fmt.Errorf("-doc: %w", err) // now, and not after everything was measured
		}
	}
	return nil
}
