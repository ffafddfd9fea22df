package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The plot in pixels: its size, and where the axes are.
const (
	plotWidth  = 760
	plotHeight = 460

	plotLeft   = 84
	plotRight  = 610
	plotTop    = 62
	plotBottom = 400

	labelGap = 17 // between the labels of two lines, at least
)

// curve is one line of the plot.
type curve struct {
	kind, label, color, dash string
}

// curves are told apart by their labels, which stand at their ends; colors and dashes help.
func curves() []curve {
	return []curve{
		{kind: byCedar, label: "Cedar", color: "#7c3aed", dash: "7 4"},
		{kind: byCasbin, label: "Casbin", color: "#b45309", dash: "2 4"},
		{kind: cold, label: "Sallyport, cold", color: "#0369a1"},
		{kind: warmPlain, label: "Sallyport, warm", color: "#047857"},
	}
}

// scale maps the decades of an axis to pixels.
type scale struct {
	low, high  int // powers of ten
	start, end float64
}

// newScale has whole decades around the values.
func newScale(values []float64, start, end float64) scale {
	low, high := math.Floor(math.Log10(slices.Min(values))), math.Ceil(math.Log10(slices.Max(values)))
	return scale{low: int(low), high: max(int(high), int(low)+1), start: start, end: end}
}

func (s scale) at(v float64) float64 {
	return s.start + (math.Log10(v)-float64(s.low))/float64(s.high-s.low)*(s.end-s.start)
}

// plot draws nanoseconds of a decision over the number of rules, both logarithmic. It has its own background, so that it reads the same on
// a dark page.
func (r results) plot() string {
	var rules, nanos []float64
	for _, n := range r.sizes {
		rules = append(rules, float64(n))
		for _, c := range curves() {
			nanos = append(nanos, r.nanos(c.kind, n))
		}
	}
	x, y := newScale(rules, plotLeft, plotRight), newScale(nanos, plotBottom, plotTop)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" `+
		`font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13">`+"\n", plotWidth, plotHeight, plotWidth, plotHeight)
	b.WriteString(`<title>CPU time of one decision by the number of rules</title>` + "\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="6" fill="#ffffff" stroke="#d1d5db"/>`+"\n", plotWidth, plotHeight)
	writeText(&b, plotLeft, 30, `font-size="16" font-weight="600" fill="#111827"`, "CPU time of one decision by the number of rules")
	writeAxes(&b, x, y)
	r.writeCurves(&b, x, y)
	b.WriteString("</svg>\n")
	return b.String()
}

// writeAxes writes a line and a label for every decade.
func writeAxes(b *strings.Builder, x, y scale) {
	const grid = `stroke="#e5e7eb"`
	const tick = `fill="#4b5563" `
	for p := y.low; p <= y.high; p++ {
		v := math.Pow10(p)
		at := y.at(v)
		writeLine(b, plotLeft, at, plotRight, at, grid)
		writeText(b, plotLeft-10, at+4.5, tick+`text-anchor="end"`, decade(v))
	}
	for p := x.low; p <= x.high; p++ {
		v := math.Pow10(p)
		at := x.at(v)
		writeLine(b, at, plotTop, at, plotBottom, grid)
		writeText(b, at, plotBottom+20, tick+`text-anchor="middle"`, thousands(int(v+0.5)))
	}
	writeLine(b, plotLeft, plotBottom, plotRight, plotBottom, `stroke="#6b7280"`)
	writeLine(b, plotLeft, plotTop, plotLeft, plotBottom, `stroke="#6b7280"`)
	writeText(b, (plotLeft+plotRight)/2, plotBottom+44, `fill="#111827" text-anchor="middle"`, "rules in the policy")
	middle := (plotTop + plotBottom) / 2
	writeText(b, 22, float64(middle), fmt.Sprintf(`fill="#111827" text-anchor="middle" transform="rotate(-90 22 %d)"`, middle), "CPU time of one decision")
}

// decade writes 1, 10 or 100 of a unit of time.
func decade(nanos float64) string {
	units := []string{"ns", "µs", "ms", "s"}
	for len(units) > 1 && nanos > 999 {
		nanos /= 1000
		units = units[1:]
	}
	return fmt.Sprintf("%.0f %s", nanos, units[0])
}

// writeCurves writes the lines with a dot for each measurement, and their labels where they end.
func (r results) writeCurves(b *strings.Builder, x, y scale) {
	last := r.sizes[len(r.sizes)-1]
	var ends []float64
	for _, c := range curves() {
		var points []string
		for _, n := range r.sizes {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x.at(float64(n)), y.at(r.nanos(c.kind, n))))
		}
		dash := ""
		if c.dash != "" {
			dash = ` stroke-dasharray="` + c.dash + `"`
		}
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5" stroke-linejoin="round"%s/>`+"\n", strings.Join(points, " "), c.color, dash)
		for _, p := range points {
			at, height, _ := strings.Cut(p, ",")
			fmt.Fprintf(b, `<circle cx="%s" cy="%s" r="3.6" fill="%s"/>`+"\n", at, height, c.color)
		}
		ends = append(ends, y.at(r.nanos(c.kind, last)))
	}
	heights := apart(ends, labelGap)
	for i, c := range curves() {
		writeText(b, x.at(float64(last))+12, heights[i]+4.5, `font-weight="600" fill="`+c.color+`"`, c.label)
	}
}

// apart moves heights so that none is nearer to the next than gap, and keeps their order. The lowest on the page stays where it is.
func apart(heights []float64, gap float64) []float64 {
	order := make([]int, len(heights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case heights[a] > heights[b]:
			return -1
		case heights[a] < heights[b]:
			return 1
		}
		return b - a // of equals, the one that is listed first is above
	})
	moved := slices.Clone(heights)
	for i, at := range order[1:] {
		moved[at] = min(moved[at], moved[order[i]]-gap)
	}
	return moved
}

func writeLine(b *strings.Builder, x1, y1, x2, y2 float64, attributes string) {
	fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`+"\n", x1, y1, x2, y2, attributes)
}

func writeText(b *strings.Builder, x, y float64, attributes, content string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" %s>`, x, y, attributes)
	_ = xml.EscapeText(b, []byte(content)) // a Builder takes everything
	b.WriteString("</text>\n")
}
