package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/sallyport-mcp/sallyport/bench/internal/measure"
)

// What is measured at every size.
const (
	warmPlain  = "warm"
	warmPlaced = "warm, {table}"
	cold       = "cold"
	byCasbin   = "Casbin"
	byCedar    = "Cedar"
	compiling  = "compile"
)

// warmTimes is how many times as many rounds the warm decisions have: they are quick, and their bar is close.
const warmTimes = 9

// sample is what one operation took in one round.
type sample struct {
	nanos         float64 // of processor time
	allocs, bytes float64
}

// line is one kind of operation at one size, and what was measured of it. What is made ready with prepare is not measured.
type line struct {
	kind    string
	rules   int
	prepare func(n int)
	ask     func(n int) error

	times   int // operations in one sample
	samples []sample
}

// meter takes samples. Each starts with a heap without garbage and ends before there can be a collection, unless collect is set.
type meter struct {
	least   time.Duration // of processor time in a sample
	collect bool
	settled uint64 // bytes allocated since the start when the heap was last free of garbage
}

// garbage is how much may have been allocated since a heap was free of it that it still counts as that.
const garbage = 1 << 20

// settle collects what is not in use. It leaves a heap alone in which next to nothing was allocated since.
func (m *meter) settle() {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	if memory.TotalAlloc-m.settled > garbage {
		runtime.GC()
		runtime.ReadMemStats(&memory)
		m.settled = memory.TotalAlloc
	}
}

// take runs an operation n times.
func (m *meter) take(l *line, n int) (sample, time.Duration, error) {
	if l.prepare != nil {
		l.prepare(n)
	}
	m.settle()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, err := measure.CPU()
	if err != nil {
		return sample{}, 0, err
	}
	if err := l.ask(n); err != nil {
		return sample{}, 0, fmt.Errorf("%s, %d rules: %w", l.kind, l.rules, err)
	}
	end, err := measure.CPU()
	if err != nil {
		return sample{}, 0, err
	}
	runtime.ReadMemStats(&after)
	each := float64(n)
	return sample{
		nanos:  float64(end-start) / each,
		allocs: float64(after.Mallocs-before.Mallocs) / each,
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / each,
	}, end - start, nil
}

// calibrate finds out how many operations fill a sample, and warms them up doing so.
func (m *meter) calibrate(l *line) error {
	for l.times = 1; ; l.times *= 2 {
		s, took, err := m.take(l, l.times)
		if err != nil {
			return err
		}
		if took >= m.least/2 {
			l.times = max(int(float64(m.least)/s.nanos), 1)
			return nil
		}
	}
}

// rounds measures all lines so many times, each after the other, so that whatever else the machine does meets all of them. Every
// other round goes backwards.
func (m *meter) rounds(n int, lines []*line) error {
	if !m.collect {
		defer debug.SetGCPercent(debug.SetGCPercent(-1))
	}
	for _, l := range lines {
		if err := m.calibrate(l); err != nil {
			return err
		}
	}
	order := slices.Clone(lines)
	for range n {
		for _, l := range order {
			s, _, err := m.take(l, l.times)
			if err != nil {
				return err
			}
			l.samples = append(l.samples, s)
		}
		slices.Reverse(order)
	}
	return nil
}

// results are all that was measured.
type results struct {
	options
	lines    []*line
	kept     map[int]float64 // bytes of a compiled policy for each rule, by the number of rules
	user     userCost
	recalled []recall
}

func run(o options) (results, error) {
	r := results{options: o}
	ops, err := newOperations()
	if err != nil {
		return r, err
	}
	if err := r.measureMemory(ops); err != nil {
		return r, err
	}
	if err := r.measureCompiling(ops); err != nil {
		return r, err
	}
	policies := map[int]*ours{}
	for _, n := range o.sizes {
		if policies[n], err = newOurs(ops, rows(n)); err != nil {
			return r, err
		}
	}
	if err := r.measureWarm(policies); err != nil {
		return r, err
	}
	return r, r.measureBeside(policies)
}

// measureCompiling compiles as a server does, with the collector at work.
func (r *results) measureCompiling(ops operations) error {
	var lines []*line
	for _, n := range r.sizes {
		data := text(rows(n))
		lines = append(lines, &line{kind: compiling, rules: n, ask: func(times int) error {
			for range times {
				if _, err := ops.compile(data); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	r.lines = append(r.lines, lines...)
	m := meter{least: r.least, collect: true}
	return m.rounds(r.rounds, lines)
}

// measureWarm asks again what was asked before.
func (r *results) measureWarm(policies map[int]*ours) error {
	var lines []*line
	for _, n := range r.sizes {
		lines = append(lines,
			&line{kind: warmPlain, rules: n, ask: policies[n].askPlain},
			&line{kind: warmPlaced, rules: n, ask: policies[n].askPlaced})
	}
	r.lines = append(r.lines, lines...)
	m := meter{least: r.least}
	return m.rounds(warmTimes*r.rounds, lines)
}

// measureBeside asks about strangers, and puts the same question to Casbin and Cedar.
func (r *results) measureBeside(policies map[int]*ours) error {
	var lines []*line
	for _, n := range r.sizes {
		list := rows(n)
		inCasbin, err := newCasbin(list)
		if err != nil {
			return fmt.Errorf("casbin, %d rules: %w", n, err)
		}
		inCedar, err := newCedar(list)
		if err != nil {
			return fmt.Errorf("cedar, %d rules: %w", n, err)
		}
		if err := fill(policies[n]); err != nil {
			return err
		}
		lines = append(lines,
			&line{kind: cold, rules: n, prepare: policies[n].meet, ask: policies[n].askStrangers},
			&line{kind: byCasbin, rules: n, ask: inCasbin.ask},
			&line{kind: byCedar, rules: n, ask: inCedar.ask})
	}
	r.lines = append(r.lines, lines...)
	m := meter{least: r.least}
	return m.rounds(r.rounds, lines)
}

// How many strangers a policy meets before decisions about them are measured, so that those have to take the place of others; and
// how long that may take.
const (
	fillCount = 1 << 17
	fillTime  = 250 * time.Millisecond
)

func fill(e *ours) error {
	start, err := measure.CPU()
	if err != nil {
		return err
	}
	for asked := 0; asked < fillCount; asked += len(e.strangers) {
		now, err := measure.CPU()
		if err != nil || now-start > fillTime {
			return err
		}
		e.meet(min(max(asked, 1), 1<<10))
		if err := e.askStrangers(0); err != nil {
			return err
		}
	}
	return nil
}

// of returns the samples of one kind at one size, nil if there are none.
func (r results) of(kind string, rules int) []sample {
	for _, l := range r.lines {
		if l.kind == kind && l.rules == rules {
			return l.samples
		}
	}
	return nil
}

// nanos is the median.
func (r results) nanos(kind string, rules int) float64 {
	return measure.Median(r.of(kind, rules), func(s sample) float64 { return s.nanos })
}

func (r results) allocs(kind string, rules int) float64 {
	return measure.Median(r.of(kind, rules), func(s sample) float64 { return s.allocs })
}

func (r results) bytes(kind string, rules int) float64 {
	return measure.Median(r.of(kind, rules), func(s sample) float64 { return s.bytes })
}

// spread is a ratio: its median over the rounds, and its extremes.
type spread struct{ middle, lowest, highest float64 }

// ratio compares what was measured in the same rounds.
func (r results) ratio(kind string, rules int, toKind string, toRules int) spread {
	above, below := r.of(kind, rules), r.of(toKind, toRules)
	list := make([]float64, len(above))
	for i := range above {
		list[i] = above[i].nanos / below[i].nanos
	}
	itself := func(f float64) float64 { return f }
	return spread{middle: measure.Median(list, itself), lowest: slices.Min(list), highest: slices.Max(list)}
}
