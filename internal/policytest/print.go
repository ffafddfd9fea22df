package policytest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/question"
	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

// Print writes the report for people: what failed and why, the rows that no case exercised if they are asked for, and the
// summary.
func (r Report) Print(w io.Writer, rows bool) error {
	var b strings.Builder
	for _, result := range r.Results {
		if !result.Passed {
			fmt.Fprintf(&b, "--- FAIL: %s\n    %s\n", question.ASCII(result.Case.Name), indented(result.Failure))
		}
	}
	if rows && len(r.NotExercised) > 0 {
		b.WriteString("rows that no test exercises:\n")
		for _, row := range r.NotExercised {
			fmt.Fprintf(&b, "    %s: %s\n", row.At, row.Text)
		}
	}
	b.WriteString(r.Summary())
	if !rows && len(r.NotExercised) > 0 {
		b.WriteString("; --cover lists the others")
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, terminal.Shown(b.String()))
	return err
}

// The report as JSON.
type (
	jsonReport struct {
		Tests        []jsonResult      `json:"tests"`
		Failed       int               `json:"failed"`
		Rows         int               `json:"rows"`
		Exercised    int               `json:"exercised"`
		NotExercised []authz.PolicyRow `json:"not_exercised"`
	}
	jsonResult struct {
		Name     string     `json:"name"`
		File     string     `json:"file"`
		Line     int        `json:"line"`
		Passed   bool       `json:"passed"`
		Expected jsonAnswer `json:"expected"`
		Got      jsonAnswer `json:"got"`
		Failure  string     `json:"failure,omitempty"`
	}
	jsonAnswer struct {
		Decision string       `json:"decision"`
		Reason   authz.Reason `json:"reason,omitempty"`
		Rule     string       `json:"rule,omitempty"`
	}
)

// PrintJSON writes the report for programs, as one JSON object.
func (r Report) PrintJSON(w io.Writer) error {
	j := jsonReport{Tests: []jsonResult{}, Failed: r.Failed, Rows: r.Rows, Exercised: r.Exercised(), NotExercised: []authz.PolicyRow{}}
	for _, result := range r.Results {
		c, d := result.Case, result.Decision
		j.Tests = append(j.Tests, jsonResult{
			Name: c.Name, File: c.File, Line: c.Line, Passed: result.Passed, Failure: result.Failure,
			Expected: jsonAnswer{Decision: answer(c.Allow, ""), Reason: c.Reason},
			Got:      jsonAnswer{Decision: answer(d.Allowed(), ""), Reason: d.Reason(), Rule: d.Rule()},
		})
	}
	j.NotExercised = append(j.NotExercised, r.NotExercised...)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(j)
}

// indented moves what belongs to a test to the right, and no line that is empty.
func indented(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\n    "), "\n    \n", "\n\n")
}
