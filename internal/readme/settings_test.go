package readme

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	variable = regexp.MustCompile("(?m)^\\| `(SALLYPORT_[A-Z_]+)`")
	flagName = regexp.MustCompile(`(?m)^\s+(?:-\w, )?--([a-z-]+)`)
)

// TestSettings compares the table of the README with the flags of a program that calls cli.Main.
func TestSettings(t *testing.T) {
	var documented []string
	for _, found := range variable.FindAllStringSubmatch(read(t, readme), -1) {
		documented = append(documented, found[1])
	}
	help := exec.CommandContext(t.Context(), "go", "run", "./examples/hello", "--help")
	help.Dir = root
	output, err := help.CombinedOutput()
	if err != nil {
		t.Fatalf("hello --help: %v\n%s", err, output)
	}
	var known []string
	for _, found := range flagName.FindAllStringSubmatch(string(output), -1) {
		if found[1] != "help" {
			known = append(known, "SALLYPORT_"+strings.ToUpper(strings.ReplaceAll(found[1], "-", "_")))
		}
	}
	slices.Sort(documented)
	slices.Sort(known)
	if diff := cmp.Diff(known, documented); diff != "" {
		t.Errorf("settings (-known to the program +documented in the README)\n%s", diff)
	}
}
