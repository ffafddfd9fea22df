package command

import (
	"fmt"
	"io"

	"github.com/sallyport-mcp/sallyport/authz"
)

// Findings prints what was found in a policy, one finding a line, and behind it the lines that are true of one that loads. If
// it does not load, the error says so instead.
func Findings(w io.Writer, list []authz.Finding, loads ...string) error {
	failed := 0
	for _, finding := range list {
		if finding.Severity == authz.SeverityError {
			failed++
		}
		if _, err := fmt.Fprintln(w, finding); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("the policy has %s and does not load", Count(failed, "error"))
	}
	for _, line := range loads {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// Count says how many there are of something.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
