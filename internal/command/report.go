package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/sallyport-mcp/sallyport/internal/terminal"
	"github.com/sallyport-mcp/sallyport/server"
)

// Report prints what was found in a policy, one finding a line, and then what the policy is like, with what is to be noted in
// front of that. If it does not load, the error says so instead.
func Report(w io.Writer, r server.PolicyReport, notes ...string) error {
	for _, finding := range r.Findings {
		if _, err := fmt.Fprintln(w, terminal.Shown(finding.String())); err != nil {
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
