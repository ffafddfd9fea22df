package command

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestCompletion writes the script for every shell, and refuses what is none.
func TestCompletion(t *testing.T) {
	for _, shell := range shells() {
		var stdout, stderr bytes.Buffer
		if code := Run(t.Context(), program(nil), []string{"completion", shell}, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "demo") {
			t.Errorf("%s: exit code %d, %s", shell, code, &stderr)
		}
	}
	for _, args := range []string{"completion", "completion tcsh", "completion bash zsh"} {
		var stdout, stderr bytes.Buffer
		if code := Run(t.Context(), program(nil), strings.Fields(args), &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "bash, zsh, fish, powershell") {
			t.Errorf("%s: exit code %d, %s", args, code, &stderr)
		}
	}
}

func TestCompleteWords(t *testing.T) {
	complete := CompleteWords("stdout", "stderr", "file:")
	for typed, want := range map[string]string{
		"": "[stdout stderr file:] 6", "s": "[stdout stderr] 4", "f": "[file:] 6", "x": "[] 4",
	} {
		words, directive := complete(nil, nil, typed)
		if got := fmt.Sprint(words, " ", int(directive)); got != want {
			t.Errorf("%q: %s, want %s", typed, got, want)
		}
	}
	if words, directive := CompleteFiles("csv")(nil, nil, ""); fmt.Sprint(words) != "[csv]" || directive != cobra.ShellCompDirectiveFilterFileExt {
		t.Errorf("%v, %v", words, directive)
	}
	defer func() {
		if recover() == nil {
			t.Error("a flag that does not exist is completed")
		}
	}()
	CompleteFlag(program(nil), "no-such-flag", complete)
}
