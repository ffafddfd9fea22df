package main

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRowFindsWhatARuleNames(t *testing.T) {
	policy := write(t, "# a comment\np, role:reader, notes,   read,   allow\n")
	for _, rule := range []string{policy + ":2", "policy.csv:2"} {
		if got, err := row(policy, rule); err != nil || got != "p, role:reader, notes, read, allow" {
			t.Errorf("%s: %q, %v", rule, got, err)
		}
	}
	for _, rule := range []string{"", "policy.csv", "policy.csv:0", "policy.csv:9", "policy.csv:x"} {
		if got, err := row(policy, rule); err == nil {
			t.Errorf("%q is said to be %q", rule, got)
		}
	}
}

func TestRefusalsAreCountedByReason(t *testing.T) {
	audit := write(t, `{"reason":"kind","count":1}
{"reason":"audience","count":2}
{"reason":"kind","count":1}
{"reason":"allowed","subject":"alice"}
{"reason":"kind","count":1`)
	got, err := refusals(audit)
	if want := map[string]int{"kind": 2, "audience": 2}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v; want %v: decisions do not count, and neither does a line that is being written", got, err, want)
	}
	if _, err := refusals(write(t, "no record\n")); err == nil {
		t.Error("an audit with something else in it was read")
	}
}
