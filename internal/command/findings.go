package command

import (
	"fmt"
	"io"

	"github.com/sallyport-mcp/sallyport/authz"
)

// Findings prints what was found in a policy, one finding a line, and then that the policy loads, with what is to be noted before
// that. If it does not load, the error says so instead.
func Findings(w io.Writer, list []authz.Finding, notes ...string) error {
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
		return fmt.Errorf("the policy has %s and does not load", count(failed, "error"))
	}
	for _, note := range notes {
		if _, err := fmt.Fprintln(w, note); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "the policy loads; %s\n", count(len(list), "warning"))
	return err
}

// count says how many there are of something.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
