package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/policytest"
)

// testOptions are what `policy test` prints and asks for beside that no test fails.
type testOptions struct {
	cover, json bool
	percent     int
}

func (p *program) policyTestCommand() *cobra.Command {
	var o testOptions
	test := &cobra.Command{
		Use:   "test [FILE...]",
		Short: "Run the tests beside the policy",
		Long: "Ask the policy what the tests in the YAML files ask, and compare the decisions\n" +
			"and reasons with those expected. Without FILE the tests are beside the policy:\n" +
			"policy_test.yaml for policy.csv. docs/policy.md describes the files.\n\n" +
			"Exit codes: 0 all passed, 1 a test failed or too few rows were exercised, 2\n" +
			"wrong usage, configuration, tests or policy.",
		Example:           p.examples("policy test", "policy test --cover incident_test.yaml"),
		ValidArgsFunction: command.CompleteFiles("yaml", "yml"),
		RunE:              func(cmd *cobra.Command, files []string) error { return p.testPolicy(cmd, files, o) },
	}
	test.Flags().BoolVar(&o.cover, "cover", false, "list the rows of the policy that no test exercises")
	test.Flags().IntVar(&o.percent, "min-coverage", 0, "fail unless so many `PERCENT` of the rows are exercised")
	test.Flags().BoolVar(&o.json, "json", false, "print one JSON object instead of text")
	return test
}

func (p *program) testPolicy(cmd *cobra.Command, files []string, o testOptions) error {
	if o.percent < 0 || o.percent > 100 {
		return usageError{Err: fmt.Errorf("--min-coverage %d: no such percentage; write a number from 0 to 100", o.percent)}
	}
	review, err := p.review(cmd)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		files = []string{policytest.Path(review.PolicyPath())}
	}
	cases, err := policytest.Read(review, files...)
	if err != nil {
		return usageError{Err: fmt.Errorf("the tests cannot run:\n%w", err)}
	}
	policy, err := configured(review)
	if err != nil {
		return err
	}
	report := policytest.Run(policy, cases)
	short := !report.Covers(o.percent)
	if o.json {
		err = report.PrintJSON(p.stdout)
	} else {
		err = p.printTests(report, o.cover || short)
	}
	if err != nil {
		return err
	}
	return verdict(report, short, o.percent)
}

// printTests prints a report for people.
func (p *program) printTests(report policytest.Report, rows bool) error {
	var text strings.Builder
	if err := report.Print(&text, rows); err != nil {
		return err
	}
	paint := command.PaintFor(p.stdout)
	summary := paint.Bad
	if report.Failed == 0 {
		summary = paint.Good
	}
	painted := paint.Lines(text.String(), "--- FAIL:", paint.Bad)
	_, err := io.WriteString(p.stdout, paint.Lines(painted, report.Summary(), summary))
	return err
}

// verdict returns what is wrong with a report.
func verdict(report policytest.Report, short bool, percent int) error {
	switch {
	case report.Failed > 0:
		return fmt.Errorf("%d of %d tests failed", report.Failed, len(report.Results))
	case short:
		return fmt.Errorf("%d of %d rows are exercised, which is less than %d %%", report.Exercised(), report.Rows, percent)
	}
	return nil
}
