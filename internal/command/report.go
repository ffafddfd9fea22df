package command

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/terminal"
	"github.com/sallyport-mcp/sallyport/server"
)

// finding paints how grave a finding is.
func (p Paint) finding(f authz.Finding) string {
	word, colour := f.Severity.String(), p.Bad
	if f.Severity == authz.SeverityWarning {
		colour = p.Odd
	}
	// The first one behind the place is the severity's own, whatever the path is called.
	place, text := terminal.Shown(f.String()[:len(f.File)]), terminal.Shown(f.String()[len(f.File):])
	return place + strings.Replace(text, ": "+word+": ", ": "+colour(word)+": ", 1)
}

// Report prints what was found in a policy, one finding a line, and then what the policy is like, with what is to be noted in
// front of that. If it does not load, the error says so instead.
func Report(w io.Writer, r server.PolicyReport, notes ...string) error {
	paint := PaintFor(w)
	for _, finding := range r.Findings {
		if _, err := fmt.Fprintln(w, paint.finding(finding)); err != nil {
			return err
		}
	}
	if r.Errors > 0 {
		return errors.New(r.String())
	}
	for _, note := range notes {
		if _, err := fmt.Fprintln(w, note); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, r)
	return err
}
