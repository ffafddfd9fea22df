package doctor

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Paint colours words for a reader; see package command.
type Paint interface {
	Good(text string) string
	Odd(text string) string
	Bad(text string) string
	Strong(text string) string
}

const (
	textWidth = 80
	margin    = "  "
)

// WriteText writes the report for a person: what is wrong first, the worst before the rest, then what is right and what was skipped,
// in short or, if verbose, one line each.
func (r *Report) WriteText(w io.Writer, paint Paint, verbose bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", paint.Strong(r.URL), r.headline(paint))
	for _, severity := range []Severity{Problem, Warning, Note} {
		for _, f := range r.Findings {
			if f.Severity == severity {
				f.write(&b, paint, verbose)
			}
		}
	}
	r.writeRight(&b, paint, verbose)
	r.writeSkipped(&b)
	fmt.Fprintf(&b, "\n%s\n", r)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) headline(paint Paint) string {
	switch r.Posture {
	case PostureClosed:
		return paint.Good(r.Headline())
	default:
		return paint.Bad(r.Headline())
	}
}

// write writes one finding. A note is advice: its reasons are for whoever asks.
func (f Finding) write(b *strings.Builder, paint Paint, verbose bool) {
	label := strings.ToUpper(f.Severity.String())
	switch f.Severity {
	case Problem:
		label = paint.Bad(label)
	case Warning:
		label = paint.Odd(label)
	}
	fmt.Fprintf(b, "\n%s  %s\n", label, paint.Strong(f.ID))
	parts := [][2]string{{"expected", f.Title}, {"seen", f.Seen}, {"why", f.Why}, {"mend", f.Mend}, {"clause", f.Clause}}
	for _, part := range parts {
		if verbose || f.Severity > Note || part[0] != "why" && part[0] != "clause" {
			hang(b, fmt.Sprintf("%s%-9s  ", margin, part[0]), part[1])
		}
	}
}

func (r *Report) writeRight(b *strings.Builder, paint Paint, verbose bool) {
	if r.Counts.OK == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s (%d)\n", paint.Good("Right"), r.Counts.OK)
	if verbose {
		for _, f := range r.Findings {
			if f.Severity == OK {
				label := fmt.Sprintf("%s%-27s  ", margin, f.ID)
				b.WriteString(label + printable(f.Seen, textWidth-len(label)) + "\n")
			}
		}
		return
	}
	groups, names := r.grouped(OK)
	for _, group := range groups {
		hang(b, fmt.Sprintf("%s%-9s  ", margin, group), strings.Join(names[group], ", "))
	}
}

// grouped returns the names of the checks with this severity by group, and the groups in their order.
func (r *Report) grouped(severity Severity) ([]string, map[string][]string) {
	var groups []string
	names := map[string][]string{}
	for _, f := range r.Findings {
		if f.Severity != severity {
			continue
		}
		group, name, _ := strings.Cut(f.ID, ".")
		if names[group] == nil {
			groups = append(groups, group)
		}
		names[group] = append(names[group], name)
	}
	return groups, names
}

// writeSkipped names what was left out by its reason, since many checks share one.
func (r *Report) writeSkipped(b *strings.Builder) {
	var reasons []string
	ids := map[string][]string{}
	for _, f := range r.Findings {
		if f.Severity != Skipped {
			continue
		}
		if ids[f.Seen] == nil {
			reasons = append(reasons, f.Seen)
		}
		ids[f.Seen] = append(ids[f.Seen], f.ID)
	}
	if len(reasons) == 0 {
		return
	}
	fmt.Fprintf(b, "\nSkipped (%d)\n", r.Counts.Skipped)
	for _, reason := range reasons {
		hang(b, margin, reason+": "+strings.Join(shortIDs(ids[reason]), ", "))
	}
}

// shortIDs writes "tls.*" for the whole of a group.
func shortIDs(ids []string) []string {
	sizes := map[string]int{}
	for _, c := range Checks() {
		sizes[c.Group()]++
	}
	var short []string
	for _, id := range ids {
		group, _, _ := strings.Cut(id, ".")
		inGroup := 0
		for _, other := range ids {
			if strings.HasPrefix(other, group+".") {
				inGroup++
			}
		}
		if inGroup == sizes[group] && inGroup > 1 {
			id = group + ".*"
		}
		if !slices.Contains(short, id) {
			short = append(short, id)
		}
	}
	return short
}

// hang writes a text behind a label, broken into lines of at most textWidth, each below the first. A word that is longer than a line
// is broken as well.
func hang(b *strings.Builder, label, text string) {
	indent := strings.Repeat(" ", len(label))
	room := textWidth - len(label)
	line := ""
	for _, word := range strings.Fields(text) {
		for len(word) > room {
			if line != "" {
				b.WriteString(label + line + "\n")
				label, line = indent, ""
			}
			b.WriteString(label + word[:room] + "\n")
			label, word = indent, word[room:]
		}
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > room:
			b.WriteString(label + line + "\n")
			label, line = indent, word
		default:
			line += " " + word
		}
	}
	if line != "" {
		b.WriteString(label + line + "\n")
	}
}
