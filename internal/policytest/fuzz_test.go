package policytest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzParse reads whatever there is: without a panic, and with a place, a reason and a repair for whatever is wrong. What has no mistakes
// runs.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/mistakes/*.txtar", "testdata/run/*.txtar"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("%s: %v, %v", pattern, paths, err)
		}
		for _, path := range paths {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range archive.Files {
				f.Add(file.Data)
			}
		}
	}
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("tests: &t [{<<: *t, principal: *t, operations: *t, arguments: *t, expect: *t}]\n"))
	review := reviewed(f, "main", "partner")
	policy, err := review.Load("testdata/fuzz.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, found := Parse(review, "tests.yaml", data)
		if len(found) == 0 {
			if report := Run(policy, cases); len(cases) == 0 || len(report.Results) != len(cases) {
				t.Fatalf("%d cases without a mistake have %d results", len(cases), len(report.Results))
			}
		}
		for _, finding := range found {
			if finding.File != "tests.yaml" || finding.Line < 1 || finding.Column < 1 || finding.Reason == "" || strings.ContainsAny(finding.String(), "\n\r\x00") {
				t.Errorf("%+v", finding)
			}
		}
	})
}
