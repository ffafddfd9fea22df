package readme

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// typed finds commands of ours in what a document has a person type: their words, as far as the next one or a comment.
var typed = regexp.MustCompile(`(?m)(?:^|[|&] |^\$ |go run )(sallyport|yourserver|\./cmd/sallyport|\./examples/\w+|notes|\.)((?: +[^\s|&#;>]+)*)`)

var shellFlag = regexp.MustCompile(`^--[a-z][a-z-]*`)

// TestShell looks up every command of ours that a document has a person type: there is such a command, and it has these flags.
func TestShell(t *testing.T) {
	known := map[string][]helpText{}
	for name, binary := range programs(t) {
		known[name] = helps(t, binary, "")
	}
	found := 0
	for _, path := range documents(t) {
		for _, fence := range fences.FindAllStringSubmatch(read(t, path), -1) {
			if fence[2] != "sh" && fence[2] != "" {
				continue
			}
			for _, line := range typed.FindAllStringSubmatch(fence[3], -1) {
				found++
				if wrong := checkTyped(known, line[1], strings.Fields(line[2])); wrong != "" {
					t.Errorf("%s: %s in %q", path, wrong, strings.TrimSpace(line[0]))
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d commands were found in the documents", found)
	}
}

// checkTyped compares a command line with the helps of its program.
func checkTyped(known map[string][]helpText, program string, words []string) string {
	list := known["yourserver"]
	if strings.HasSuffix(program, "sallyport") {
		list = known["sallyport"]
	}
	help := list[0]
	for _, candidate := range list {
		n := len(candidate.words)
		if n > len(help.words) && n <= len(words) && slices.Equal(candidate.words, words[:n]) {
			help = candidate
		}
	}
	rest := words[len(help.words):]
	if strings.Contains(help.text, "\nCommands:\n") && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return "there is no command " + rest[0]
	}
	for _, word := range rest {
		flag := shellFlag.FindString(word)
		if flag != "" && flag != "--help" && !strings.Contains(help.text+list[0].text, flag+" ") && !strings.Contains(help.text+list[0].text, flag+"\n") {
			return "there is no flag " + flag
		}
	}
	return ""
}

// TestShellIsChecked is the twin: a command and a flag that are not there, and the same that are.
func TestShellIsChecked(t *testing.T) {
	known := map[string][]helpText{"sallyport": {
		{nil, "", "\nCommands:\n  policy\n"}, {[]string{"policy"}, "", "\nCommands:\n  check\n"}, {[]string{"policy", "check"}, "", "  --model FILE  m\n"},
	}}
	for line, want := range map[string]string{
		"policy check --model x p.csv": "", "policy chek p.csv": "there is no command chek", "polcy check": "there is no command polcy",
		"policy check --modell x": "there is no flag --modell", "policy check --mod x": "there is no flag --mod", "--help": "",
	} {
		if got := checkTyped(known, "sallyport", strings.Fields(line)); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}
