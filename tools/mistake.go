package tools

import (
	"errors"
	"fmt"
	"strings"
)

// Mistake is one thing that is wrong in a declaration. [Compile] joins all of them
// into its error, one a line; errors.As finds the first.
type Mistake struct {
	// Declaration is the kind and the name, as in: tool "notes_search".
	Declaration string
	// Field is the field of the declaration, as in: Scopes[1].
	Field string
	// Reason says what is wrong.
	Reason string
	// Fix says what to write instead.
	Fix string
}

// Error returns all four parts in one line.
func (m *Mistake) Error() string {
	return fmt.Sprintf("%s: %s: %s; %s", m.Declaration, m.Field, m.Reason, m.Fix)
}

// report collects the mistakes of all declarations.
type report struct {
	found []error
}

func (r *report) err() error {
	return errors.Join(r.found...)
}

// declaration is where the mistakes of one declaration go.
type declaration struct {
	report *report
	name   string
}

// of starts the declaration with the given kind, name and index.
func (r *report) of(kind, name string, index int) declaration {
	if name == "" {
		return declaration{report: r, name: fmt.Sprintf("%s number %d", kind, index+1)}
	}
	return declaration{report: r, name: fmt.Sprintf("%s %q", kind, name)}
}

// mistake records one. Its texts are kept on one line, whatever a dependency put
// into its error.
func (d declaration) mistake(field, reason, fix string) {
	reason = strings.Join(strings.Fields(reason), " ")
	d.report.found = append(d.report.found, &Mistake{Declaration: d.name, Field: field, Reason: reason, Fix: fix})
}
