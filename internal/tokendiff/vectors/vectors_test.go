package vectors

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/c2sp/wycheproof"
)

// TestCopiesAreTheModules fails if a copy was edited, or go.mod was moved to another version and the copies were not.
func TestCopiesAreTheModules(t *testing.T) {
	copies, err := filepath.Glob("../../../transport/token/testdata/wycheproof/*.json")
	if err != nil || len(copies) != 4 {
		t.Fatalf("found %d copies, %v; want 4", len(copies), err)
	}
	for _, name := range copies {
		ours, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := fs.ReadFile(wycheproof.TestVectors, filepath.Base(name))
		if err != nil || !bytes.Equal(ours, theirs) {
			t.Errorf("%s is not the module's, %v", name, err)
		}
	}
}
