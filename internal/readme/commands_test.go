package readme

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const commandsDoc = root + "/docs/commands.md"

// What help may take of a screen. The program's own lists the settings too.
const (
	helpWidth      = 80
	helpLines      = 24
	helpLinesOfAll = 40
)

// helpText is the help of one command, as the binary prints it.
type helpText struct {
	words []string // the command, without the program
	about string   // in one line
	text  string
}

// helps returns the help of a program and of every command below it.
func helps(t *testing.T, binary, about string, words ...string) []helpText {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), binary, append(words, "--help")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v --help: %v\n%s", words, err, output)
	}
	list := []helpText{{words, about, string(output)}}
	for _, found := range subcommand.FindAllStringSubmatch(behindHeading(string(output), "Commands:\n"), -1) {
		list = append(list, helps(t, binary, found[2], append(words[:len(words):len(words)], found[1])...)...)
	}
	return list
}

var (
	subcommand = regexp.MustCompile(`(?m)^  ([a-z-]+) +(\S.*)$`)
	exitCodes  = regexp.MustCompile(`(?s)Exit codes: (.*?)\.\n`)
)

// behindHeading is what stands in a help behind a heading, up to the next empty line.
func behindHeading(text, heading string) string {
	_, behind, _ := strings.Cut(text, "\n"+heading)
	section, _, _ := strings.Cut(behind, "\n\n")
	return section
}

// programs builds both programs with commands and returns their paths, by the names they have in documents.
func programs(t *testing.T) map[string]string {
	t.Helper()
	folder := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", folder+"/", "./examples/hello", "./cmd/sallyport")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return map[string]string{"yourserver": filepath.Join(folder, "hello"), "sallyport": filepath.Join(folder, "sallyport")}
}

// TestCommands keeps the help of every command on one screen, with an example and the exit codes, and docs/commands.md as the
// list of all of them.
func TestCommands(t *testing.T) {
	page := commandsIntroduction
	binaries := programs(t)
	for _, program := range []struct{ name, without string }{
		{"yourserver", "Serve, as with `serve`"},
		{"sallyport", "List the commands"},
	} {
		name := program.name
		page += fmt.Sprintf("\n## %s\n\n| command | does | exit codes |\n| --- | --- | --- |\n", name)
		for _, help := range helps(t, binaries[name], program.without) {
			for _, wrong := range help.wrong(filepath.Base(binaries[name])) {
				t.Errorf("%s %s --help: %s\n%s", name, strings.Join(help.words, " "), wrong, help.text)
			}
			if line := help.line(name); line != "" {
				page += line
			}
		}
	}
	if *update {
		if err := os.WriteFile(commandsDoc, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(read(t, commandsDoc), page); diff != "" {
		t.Errorf("docs/commands.md is out of date; run `go test ./internal/readme -update` (-page +generated)\n%s", diff)
	}
}

const commandsIntroduction = `# Commands

Every command of both programs: yours, which calls ` + "`cli.Main`" + ` and knows what it declares, and ` + "`sallyport`" + `, for who has no server at hand. ` +
	"`--help`" + ` behind
each says the rest; ` + "`yourserver --help`" + ` also lists the [settings](../README.md#configure), which are flags of all its commands. The commands about a policy are
explained in [policy.md](policy.md).

` + "`completion SHELL`" + ` writes the script with which a shell completes commands, flags and their values: files of policies, the operations of ` + "`policy explain`" + `, the
callers that the policy names.

Results go to standard output, mistakes to standard error. Colour is for terminals only, and ` + "`NO_COLOR`" + ` switches it off.
`

// groups reports whether a command only holds others. The program itself does more.
func (h helpText) groups() bool {
	return len(h.words) > 0 && strings.Contains(h.text, "\nCommands:\n")
}

// line is the row of a command in the page; a group of commands has none.
func (h helpText) line(program string) string {
	if h.groups() {
		return ""
	}
	codes := ""
	if found := exitCodes.FindStringSubmatch(h.text); found != nil {
		codes = strings.Join(strings.Fields(found[1]), " ")
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", strings.Join(append([]string{program}, h.words...), " "), h.about, codes)
}

// wrong lists what is wrong with a help.
func (h helpText) wrong(program string) []string {
	var list []string
	most := helpLines
	if strings.Contains(h.text, "--public-url URL") {
		most = helpLinesOfAll
	}
	if lines := strings.Count(h.text, "\n"); lines > most {
		list = append(list, fmt.Sprintf("%d lines, which are more than %d", lines, most))
	}
	for line := range strings.Lines(h.text) {
		if len(strings.TrimSuffix(line, "\n")) > helpWidth {
			list = append(list, "a line that is too wide: "+line)
		}
	}
	if !strings.Contains(h.text, "\nExamples:\n  "+program+" ") && !strings.Contains(h.text, "\nExamples:\n  source <("+program+" ") {
		list = append(list, "no example")
	}
	if !h.groups() && exitCodes.FindString(h.text) == "" {
		list = append(list, "no exit codes")
	}
	return list
}

// TestHelpIsMeasured is the twin: a help that fits, and the same with one defect.
func TestHelpIsMeasured(t *testing.T) {
	good := "Do it.\n\nExit codes: 0 done, 1 failed.\n\nUsage: demo do\n\nExamples:\n  demo do\n"
	if wrong := (helpText{[]string{"do"}, "Do it", good}).wrong("demo"); wrong != nil {
		t.Errorf("%v", wrong)
	}
	for name, bad := range map[string]string{
		"too wide":      good + strings.Repeat("x", helpWidth+1) + "\n",
		"more than 24":  good + strings.Repeat("\n", helpLines),
		"no example":    strings.Replace(good, "  demo do", "  other do", 1),
		"no exit codes": strings.Replace(good, "Exit codes", "Codes", 1),
	} {
		if wrong := (helpText{[]string{"do"}, "Do it", bad}).wrong("demo"); len(wrong) != 1 || !strings.Contains(wrong[0], name) {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}
