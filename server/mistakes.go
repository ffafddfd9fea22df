package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that is wrong with a configuration.
type Mistake struct {
	// Key is the setting: the lower-case name it has in a YAML file, or the
	// name of the field if it can only be set in Go. Empty if Reason names the
	// place itself, as a policy finding does with its file and line.
	Key string
	// Value is the setting's value as it was given.
	Value string
	// Reason says why the value is refused.
	Reason string
	// Fix says what to write instead.
	Fix string
}

// String returns the mistake on one line: key, value, reason and fix.
func (m Mistake) String() string {
	text := m.Reason
	if m.Key != "" {
		text = fmt.Sprintf("%s = %q: %s", m.Key, m.Value, m.Reason)
	}
	if m.Fix != "" {
		text += "; " + m.Fix
	}
	return text
}

// ConfigError is every mistake of a configuration at once, so that whoever
// repairs it needs one attempt and not one per mistake.
type ConfigError struct {
	// Mistakes holds at least one mistake, settings before declarations
	// before the policy.
	Mistakes []Mistake
}

// Error lists the mistakes, one on a line.
func (e *ConfigError) Error() string {
	var text strings.Builder
	noun := "mistakes"
	if len(e.Mistakes) == 1 {
		noun = "mistake"
	}
	fmt.Fprintf(&text, "the server cannot start: %d %s in its configuration", len(e.Mistakes), noun)
	for _, mistake := range e.Mistakes {
		text.WriteString("\n  - ")
		text.WriteString(strings.ReplaceAll(mistake.String(), "\n", "\n    "))
	}
	return text.String()
}

// mistakes collects what is wrong while a configuration is read.
type mistakes struct{ list []Mistake }

// add notes one mistake of a setting.
func (m *mistakes) add(key, value, reason, fix string) {
	m.list = append(m.list, Mistake{Key: key, Value: value, Reason: reason, Fix: fix})
}

// adopt notes an error of another package, one mistake for each error that
// was joined into it, and none twice. It does nothing with nil.
func (m *mistakes) adopt(err error) {
	for _, single := range flatten(err) {
		mistake := Mistake{Reason: single.Error()}
		if !slices.Contains(m.list, mistake) {
			m.list = append(m.list, mistake)
		}
	}
}

// names tells whether there is a mistake of one of these settings.
func (m *mistakes) names(keys ...string) bool {
	return slices.ContainsFunc(m.list, func(one Mistake) bool { return slices.Contains(keys, one.Key) })
}

// err returns what was collected, or nil.
func (m *mistakes) err() error {
	if len(m.list) == 0 {
		return nil
	}
	return &ConfigError{Mistakes: m.list}
}

// flatten returns the errors that were joined into err, whose text is nothing
// but theirs. An error that says more than its parts is kept whole.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var leaves []error
	for _, single := range joined.Unwrap() {
		leaves = append(leaves, flatten(single)...)
	}
	return leaves
}
