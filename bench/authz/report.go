package main

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
)

// table is a head and its lines, to be written to a terminal or into a page.
type table [][]string

// aligned writes it for a terminal.
func (t table) aligned(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range t {
		if _, err := fmt.Fprintln(out, strings.Join(line, "\t")); err != nil {
			return err
		}
	}
	return out.Flush()
}

// machine is one line about where the figures come from.
func (r results) machine() string {
	return fmt.Sprintf("%s on %s/%s, %d CPUs; medians of %d interleaved rounds (warm decisions %d), about %s of CPU time a sample",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), r.rounds, warmTimes*r.rounds, r.least)
}

// report writes everything to a terminal: the figures by size, memory, and the bars.
func (r results) report(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "CPU time of one decision by the number of rules; %s\n\n", r.machine()); err != nil {
		return err
	}
	if err := r.sizeTable().aligned(w); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := r.memoryTable().aligned(w); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return r.barTable().aligned(w)
}

// sizeTable has everything that depends on the number of rules.
func (r results) sizeTable() table {
	first := r.sizes[0]
	t := table{{
		"rules", warmPlain, toRules(first), "allocs", warmPlaced, toRules(first), "allocs", cold, toCasbin(),
		byCasbin, byCedar, compiling, "per rule", "kept per rule",
	}}
	for _, n := range r.sizes {
		t = append(t, []string{
			thousands(n),
			duration(r.nanos(warmPlain, n)), ratio(r.ratio(warmPlain, n, warmPlain, first).middle), count(r.allocs(warmPlain, n)),
			duration(r.nanos(warmPlaced, n)), ratio(r.ratio(warmPlaced, n, warmPlaced, first).middle), count(r.allocs(warmPlaced, n)),
			duration(r.nanos(cold, n)), r.inCasbins(n),
			duration(r.nanos(byCasbin, n)), duration(r.nanos(byCedar, n)),
			duration(r.nanos(compiling, n)), duration(r.nanos(compiling, n) / float64(n)), inBytes(r.kept[n]),
		})
	}
	return t
}

// toRules heads a column of ratios to the same operation with so many rules.
func toRules(n int) string { return "to " + thousands(n) }

// toCasbin heads the column of inCasbins.
func toCasbin() string { return "to " + byCasbin + " " + thousands(coldRules) }

// inCasbins is a cold decision in Enforce calls of Casbin with the number of rules that the bar is about.
func (r results) inCasbins(rules int) string {
	if r.of(byCasbin, coldRules) == nil {
		return "-"
	}
	return ratio(r.ratio(cold, rules, byCasbin, coldRules).middle)
}

func (r results) memoryTable() table {
	first, last := r.recalled[0], r.recalled[len(r.recalled)-1]
	return table{
		{"a user with a role and a group", inBytes(r.user.bytes), fmt.Sprintf("in the compiled policy; its two rows are %.0f B of text", r.user.text)},
		{"a remembered principal", inBytes(first.bytes / float64(first.principals)), fmt.Sprintf("after %s of them", thousands(first.principals))},
		{"all remembered principals", inBytes(last.bytes), fmt.Sprintf("after %s were asked about", thousands(last.principals))},
	}
}

func (r results) barTable() table {
	t := table{{"bar", "figure", "lowest to highest", "in units of", "most", "verdict"}}
	for _, v := range r.verdicts() {
		extremes := figure(v.lowest) + " to " + figure(v.highest)
		if v.single {
			extremes = "-"
		}
		t = append(t, []string{v.what, figure(v.middle), extremes, v.ruler, figure(v.most), v.word()})
	}
	return t
}

// figure writes a number with four digits, or fewer if those are noughts.
func figure(f float64) string { return strconv.FormatFloat(f, 'g', 4, 64) }

func ratio(f float64) string {
	if f < 10 {
		return fmt.Sprintf("%.3f", f)
	}
	return thousands(int(f + 0.5))
}

func count(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", f), ".00") }

// duration writes nanoseconds with three digits.
func duration(nanos float64) string { return scaled(nanos, 1000, "ns", "µs", "ms", "s") }

// inBytes writes a size with three digits.
func inBytes(n float64) string { return scaled(n, 1024, "B", "KiB", "MiB", "GiB") }

// scaled writes a value in the largest of the units that is not too large for it.
func scaled(v, step float64, units ...string) string {
	for len(units) > 1 && v >= 999.5 {
		v /= step
		units = units[1:]
	}
	digits := 0
	switch {
	case v < 9.995:
		digits = 2
	case v < 99.95:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + " " + units[0]
}

// thousands writes a number with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
