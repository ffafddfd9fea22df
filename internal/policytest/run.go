package policytest

import (
	"fmt"

	"github.com/sallyport-mcp/sallyport/authz"
)

// Result is how one case came out.
type Result struct {
	Case     Case
	Decision authz.Decision
	// Passed tells whether the decision and its reason are those expected.
	Passed bool
	// Failure says what was expected, what came instead and why, in several lines; empty if the case passed.
	Failure string
}

// Report is how all cases came out, and what they say about the policy.
type Report struct {
	Results []Result
	// Failed is the number of cases that did not pass.
	Failed int
	// Rows is the number of rows of the policy. NotExercised are those that no case's decision rests on.
	Rows         int
	NotExercised []authz.PolicyRow
}

// Run asks the policy what the cases ask.
func Run(policy *authz.Policy, cases []Case) Report {
	report := Report{}
	exercised := map[authz.PolicyRow]bool{}
	for _, c := range cases {
		d := policy.Decide(c.Who, c.Operation.Need, c.Values)
		result := Result{Case: c, Decision: d, Passed: d.Allowed() == c.Allow && (c.Reason == "" || c.Reason == d.Reason())}
		if !result.Passed {
			report.Failed++
			result.Failure = failure(policy, c, d)
		}
		report.Results = append(report.Results, result)
		for _, row := range policy.Evidence(c.Who, c.Operation.Need, c.Values) {
			exercised[row] = true
		}
	}
	rows := policy.Rows()
	report.Rows = len(rows)
	for _, row := range rows {
		if !exercised[row] {
			report.NotExercised = append(report.NotExercised, row)
		}
	}
	return report
}

// Exercised returns how many rows of the policy the decision of some case rests on.
func (r Report) Exercised() int { return r.Rows - len(r.NotExercised) }

// Covers tells whether at least so many percent of the rows were exercised.
func (r Report) Covers(percent int) bool { return r.Exercised()*100 >= percent*r.Rows }

// Summary says in one line how many cases failed and how many rows were exercised.
func (r Report) Summary() string {
	return fmt.Sprintf("%s, %d failed; %d of %s exercised",
		count(len(r.Results), "test"), r.Failed, r.Exercised(), count(r.Rows, "row"))
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
