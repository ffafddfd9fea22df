package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// report prints what was checked, and counts.
type report struct {
	out   io.Writer
	began time.Time

	passed, failed, missing int
}

// begin says which issuer is next.
func (r *report) begin(issuer, version string) {
	r.began = time.Now()
	fmt.Fprintf(r.out, "== %s %s\n", issuer, version)
}

// notRun says why this issuer is not run.
func (r *report) notRun(why string) {
	r.missing++
	fmt.Fprintf(r.out, "not run: %s\n", why)
}

// check prints one thing that must be so. err says that it is not.
func (r *report) check(what string, err error) {
	at := time.Since(r.began).Round(100 * time.Millisecond)
	if err == nil {
		r.passed++
		fmt.Fprintf(r.out, "%7s  ok     %s\n", at, what)
		return
	}
	r.failed++
	fmt.Fprintf(r.out, "%7s  WRONG  %s\n         %s\n", at, what, strings.ReplaceAll(err.Error(), "\n", "\n         "))
}

// finish says whether all is as it must be.
func (r *report) finish(allowMissing bool) bool {
	fmt.Fprintf(r.out, "%d as it must be, %d wrong", r.passed, r.failed)
	if r.missing > 0 {
		fmt.Fprintf(r.out, ", %d not run", r.missing)
	}
	fmt.Fprintln(r.out)
	return r.failed == 0 && (r.missing == 0 || allowMissing) && r.passed+r.missing > 0
}
