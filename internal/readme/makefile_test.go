package readme

import (
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

var (
	targetWidth = regexp.MustCompile(`printf "  make %-(\d+)s %s`)
	targetLine  = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*## (.+)$`)
)

// TestMakeHelp holds what `make` alone prints to a screen of 80 columns: here, and in a server that `sallyport new` writes.
func TestMakeHelp(t *testing.T) {
	for _, path := range []string{"Makefile", "internal/scaffold/templates/new/common/Makefile.tmpl"} {
		text := read(t, filepath.Join(root, path))
		width := targetWidth.FindStringSubmatch(text)
		targets := targetLine.FindAllStringSubmatch(text, -1)
		if width == nil || len(targets) < 5 {
			t.Errorf("%s lists %d targets by %q", path, len(targets), width)
			continue
		}
		column, err := strconv.Atoi(width[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range targets {
			if length := len("  make ") + column + len(" ") + len(target[2]); length > 80 || len(target[1]) > column {
				t.Errorf("%s: the line of %s has %d columns in the help", path, target[1], length)
			}
		}
	}
}
