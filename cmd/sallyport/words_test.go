package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// TestTakes gives every command that takes words too few of them, or too many.
func TestTakes(t *testing.T) {
	t.Chdir(t.TempDir()) // what is not refused would write here
	for _, line := range []string{
		"new", "new a b", "add tool", "add resource a b", "add prompt", "policy check a b", "doctor", "doctor a b",
		"login", "login a b", "tools", "tools a b", "call a", "call a b c", "logout a b",
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(line), io.Discard, &stderr)
		if code != 2 || !strings.Contains(stderr.String(), ", as in: sallyport "+strings.Fields(line)[0]) {
			t.Errorf("%s: exit code %d: %s", line, code, &stderr)
		}
	}
}
