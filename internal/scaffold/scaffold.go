// Package scaffold writes what a new server begins with, and adds operations to a server that exists.
//
// Both plan everything before they write anything: files are rendered and formatted, an edited policy is compiled and asked, and only
// then does a directory appear or a file change. What fails leaves everything as it was.
package scaffold

import "fmt"

// framework is the module that generated servers import.
const framework = "github.com/sallyport-mcp/sallyport"

// Mistake is a request that cannot be carried out until its caller repairs it. Nothing was written.
type Mistake struct {
	// Reason says what is wrong.
	Reason string
	// Fix says what to do instead.
	Fix string
}

// Error returns both in one line.
func (m Mistake) Error() string {
	if m.Fix == "" {
		return m.Reason
	}
	return m.Reason + "; " + m.Fix
}

func mistake(fix, format string, a ...any) error {
	return Mistake{Reason: fmt.Sprintf(format, a...), Fix: fix}
}

const (
	modelFile  = "model.conf"
	policyFile = "policy.csv"
)
