// Command covergate runs the tests with coverage and fails unless every package is covered as this project promises: all statements
// of authz and transport/token, 85 % of every other package. `make cover` calls it.
//
// A package counts only what its own tests reach, so that a decision or a token check is never covered by accident.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	os.Exit(run(context.Background(), os.Stdout, os.Stderr, "."))
}

// run tests the module in dir, writes the table to out, and returns the exit code.
func run(ctx context.Context, out, errs io.Writer, dir string) int {
	temp, err := os.MkdirTemp("", "covergate-")
	if err != nil {
		return fail(errs, err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	profile := filepath.Join(temp, "cover.out")
	test := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=5m", "-coverprofile="+profile, "./...") //nolint:gosec // G204: our own arguments
	test.Dir, test.Stdout, test.Stderr = dir, errs, errs
	if err := test.Run(); err != nil {
		return fail(errs, fmt.Errorf("the tests fail, so their coverage says nothing: %w", err))
	}
	file, err := os.Open(profile)
	if err != nil {
		return fail(errs, err)
	}
	defer func() { _ = file.Close() }()
	packages, err := readProfile(file)
	if err != nil {
		return fail(errs, err)
	}
	if !report(out, packages) {
		return 1
	}
	return 0
}

func fail(errs io.Writer, err error) int {
	_, _ = fmt.Fprintln(errs, "covergate:", err)
	return 1
}
