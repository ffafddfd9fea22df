// Mutants switches off one check at a time and shows that a test fails for each: a check that no test misses is a check that the next
// change may lose.
//
//	make mutants                                  # all of them
//	go run ./internal/mutants -only transport/token/claims.go
//
// Nothing in the tree is changed: each mutant is compiled from an overlay (go help build). A mutant whose text is not in its file exactly
// once is an error, so that the list keeps up with the code.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "mutate files with this in their name only")
	flag.Parse()
	if err := run(os.Stdout, all(), *only, goTest); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// mutant is one check that is switched off.
type mutant struct {
	file     string // from the root of the repository
	from, to string // what is replaced, and by what
	packages string // whose tests must fail; empty is the file's own
}

// outcome is what the tests made of a mutant.
type outcome int

const (
	survived outcome = iota // no test failed
	killed
	broken // it does not compile, so nothing is known
)

// run tries each mutant and reports those that no test notices.
func run(out io.Writer, list []mutant, only string, test func(m mutant, path string) (outcome, string)) error {
	var wrong []string
	tried := 0
	for _, m := range list {
		if !strings.Contains(m.file, only) {
			continue
		}
		tried++
		began := time.Now()
		result, detail := try(m, test)
		_, _ = fmt.Fprintf(out, "%-8s %5.1f s  %s: %s\n", name(result), time.Since(began).Seconds(), m.file, oneLine(m.from))
		if result != killed {
			wrong = append(wrong, m.file+": "+oneLine(m.from)+"\n  instead: "+oneLine(m.to)+"\n  "+detail)
		}
	}
	_, _ = fmt.Fprintf(out, "%d checks switched off, %d noticed\n", tried, tried-len(wrong))
	switch {
	case tried == 0:
		return errors.New("no mutant is for such a file")
	case len(wrong) > 0:
		return errors.New("not noticed:\n" + strings.Join(wrong, "\n"))
	}
	return nil
}

func name(o outcome) string { return []string{"SURVIVED", "killed", "BROKEN"}[o] }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// try writes the mutated file beside the tree and has it tested.
func try(m mutant, test func(mutant, string) (outcome, string)) (outcome, string) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return broken, err.Error()
	}
	if n := strings.Count(string(text), m.from); n != 1 {
		return broken, fmt.Sprintf("its text is in the file %d times; it must be there once", n)
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return broken, err.Error()
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left there is small
	path, err := overlay(dir, m, strings.Replace(string(text), m.from, m.to, 1))
	if err != nil {
		return broken, err.Error()
	}
	return test(m, path)
}
