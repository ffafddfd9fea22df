package authz

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity tells what refuses a policy from what is only worth a look. The zero value refuses.
type Severity int

const (
	// SeverityError refuses the model or the policy.
	SeverityError Severity = iota
	// SeverityWarning never refuses anything.
	SeverityWarning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == SeverityWarning {
		return "warning"
	}
	return "error"
}

// Finding is one thing that is wrong or doubtful in a model or a policy, with its place and its repair.
type Finding struct {
	// Severity tells whether the finding refuses the policy.
	Severity Severity
	// File is the path as it was given.
	File string
	// Line counts from 1; 0 means the file as a whole.
	Line int
	// Column counts characters from 1; 0 means the line as a whole.
	Column int
	// Found is the text in question, shortened if it is long; empty if there is none.
	Found string
	// Reason says what is wrong.
	Reason string
	// Fix says what to write instead.
	Fix string
}

// String returns the finding on one line: FILE:LINE:COL: error: reason (found "..."); fix. What is not ASCII is
// escaped, so that two texts that look the same read differently.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.Column > 0 {
		fmt.Fprintf(&b, ":%d", f.Column)
	}
	fmt.Fprintf(&b, ": %s: %s", f.Severity, f.Reason)
	if f.Found != "" {
		fmt.Fprintf(&b, " (found %+q)", clip(f.Found))
	}
	if f.Fix != "" {
		b.WriteString("; " + f.Fix)
	}
	return b.String()
}

// LintError holds everything that refuses a model or a policy.
type LintError struct {
	// Findings are the errors, those of the model first, in file order. There is at least one.
	Findings []Finding
}

// Error returns the findings, one a line.
func (e *LintError) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// findings collects what is found in one file.
type findings struct {
	file string
	list []Finding
}

func (l *findings) fail(line, column int, found, reason, fix string) {
	l.add(SeverityError, line, column, found, reason, fix)
}

func (l *findings) warn(line, column int, found, reason, fix string) {
	l.add(SeverityWarning, line, column, found, reason, fix)
}

func (l *findings) add(s Severity, line, column int, found, reason, fix string) {
	l.list = append(l.list, Finding{
		Severity: s, File: l.file, Line: line, Column: column, Found: clip(found), Reason: reason, Fix: fix,
	})
}

// sorted returns what was found in file order, the file as a whole first.
func (l *findings) sorted() []Finding {
	slices.SortStableFunc(l.list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return l.list
}

func (l *findings) failed() bool {
	return slices.ContainsFunc(l.list, func(f Finding) bool { return f.Severity == SeverityError })
}

// only returns the findings of one severity.
func only(s Severity, list []Finding) []Finding {
	var kept []Finding
	for _, f := range list {
		if f.Severity == s {
			kept = append(kept, f)
		}
	}
	return kept
}
