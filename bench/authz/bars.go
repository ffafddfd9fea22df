package main

import (
	"math"
	"slices"
)

// The numbers of rules that the bars are about.
const (
	baseRules = 10
	coldRules = 100
	topRules  = 100_000
)

// What the bars are.
const (
	mostWarm   = 1.05 // of the same decision with few rules
	mostAllocs = 0
	mostCold   = 1.0 // of one Enforce of Casbin
	mostGrowth = still
)

// verdict is a figure and the most it may be.
type verdict struct {
	what, ruler string
	spread
	most   float64
	single bool // there is one figure, and nothing lowest or highest
}

// missed reports whether the figure is above the bar, or no number.
func (v verdict) missed() bool { return math.IsNaN(v.middle) || v.middle > v.most }

func (v verdict) word() string {
	if v.missed() {
		return "missed"
	}
	return "met"
}

// verdicts judges what was measured. What was not measured has no verdict: options see to it that with -bar everything is.
func (r results) verdicts() []verdict {
	var list []verdict
	for _, kind := range []string{warmPlain, warmPlaced} {
		if r.of(kind, baseRules) != nil && r.of(kind, topRules) != nil {
			list = append(list, verdict{
				what: kind + ", " + thousands(topRules) + " rules", ruler: "the same with " + thousands(baseRules),
				spread: r.ratio(kind, topRules, kind, baseRules), most: mostWarm,
			})
		}
	}
	list = append(list, verdict{
		what: "allocations of a warm decision", ruler: "a count",
		spread: spread{middle: r.warmAllocs()}, most: mostAllocs, single: true,
	})
	if r.of(cold, coldRules) != nil {
		list = append(list, verdict{
			what: cold + ", " + thousands(coldRules) + " rules", ruler: "one Enforce of Casbin",
			spread: r.ratio(cold, coldRules, byCasbin, coldRules), most: mostCold,
		})
	}
	return append(list, verdict{
		what: "memory of principals", ruler: "half as many of them",
		spread: spread{middle: r.growth()}, most: mostGrowth, single: true,
	})
}

// judge returns errMissed if the bars are asked for and one of them is missed.
func (r results) judge() error {
	if r.bar && slices.ContainsFunc(r.verdicts(), verdict.missed) {
		return errMissed
	}
	return nil
}

// warmAllocs is the most that a warm decision allocates at any size, to two digits: something else in the process may allocate once in
// a while.
func (r results) warmAllocs() float64 {
	most := 0.0
	for _, kind := range []string{warmPlain, warmPlaced} {
		for _, n := range r.sizes {
			most = max(most, r.allocs(kind, n))
		}
	}
	return math.Round(100*most) / 100
}
