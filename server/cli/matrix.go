package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/command"
)

func (p *program) matrixCommand() *cobra.Command {
	var by string
	var as layout
	cmd := &cobra.Command{
		Use:   "matrix",
		Short: "Show who can call what",
		Long: `Show who can call what: every operation, and every role, user, group or client
that the policy names, at door two; or every scope, at door one. A call runs
only if both doors open. Who is several of them may what one of them may, unless
one of them is denied it. docs/policy.md describes the columns of the CSV.

Exit codes: 0 shown, 1 failed, 2 wrong usage, configuration or policy.`,
		Example: p.examples("policy matrix", "policy matrix --by user --rules", "policy matrix --by scope --csv"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if as.csv && as.list {
				return usageError{Err: errors.New("--csv and --list exclude each other; leave one out")}
			}
			review, err := p.review(cmd)
			if err != nil {
				return err
			}
			policy, err := configured(review)
			if err != nil {
				return err
			}
			m, err := policy.Matrix(authz.By(by), review.Operations())
			if err != nil {
				return usageError{Err: fmt.Errorf("--by: %w", err)}
			}
			if as.csv {
				return p.writeMatrix(m)
			}
			_, err = fmt.Fprint(p.stdout, drawMatrix(m, review.PolicyPath(), as))
			return err
		},
	}
	cmd.Flags().StringVar(&by, "by", string(authz.ByRole), "role, user, group, client or scope")
	command.CompleteFlag(cmd, "by", command.CompleteWords("role", "user", "group", "client", "scope"))
	cmd.Flags().BoolVar(&as.csv, "csv", false, "write one line for each cell, for spreadsheets")
	cmd.Flags().BoolVar(&as.list, "list", false, "list the subjects of each operation instead of a table")
	cmd.Flags().BoolVar(&as.rules, "rules", false, "show the row behind each answer, and what depends on values")
	return cmd
}

// writeMatrix writes a line for every cell.
func (p *program) writeMatrix(m authz.Matrix) error {
	out := csv.NewWriter(p.stdout)
	_ = out.Write([]string{"by", "subject", "kind", "operation", "cell", "rule"}) // Flush keeps the error
	for _, row := range m.Rows {
		by := string(m.By)
		if row.Through {
			by = "via"
		}
		for i, cell := range row.Cells {
			op := m.Operations[i]
			_ = out.Write(inert(by, row.Subject, op.Kind, op.Name, said(row, cell.Answer), cell.Rule))
		}
	}
	out.Flush()
	return out.Error()
}

// inert keeps a spreadsheet from taking a field for a formula.
func inert(fields ...string) []string {
	for i, f := range fields {
		if f != "" && strings.ContainsAny(f[:1], "=+-@\t\r\n") {
			fields[i] = "'" + f
		}
	}
	return fields
}

// layout is how a matrix is shown.
type layout struct{ csv, list, rules bool }

// drawMatrix draws a matrix with what it is about and what its marks mean.
func drawMatrix(m authz.Matrix, path string, as layout) string {
	path = shown(path)
	title := "Who can call what, by " + string(m.By) + ": door two, " + path
	if m.By == authz.ByScope {
		title = "What a token is delegated, by scope: door one, " + path
	}
	text := title + "\n" + legend(m) + "\n"
	switch {
	case len(m.Operations) == 0:
		return text + "nothing is declared\n"
	case len(m.Rows) == 0:
		return text + "neither the policy nor an operation names a scope\n"
	case as.list:
		if m.By != authz.ByScope {
			text = strings.TrimSuffix(text, "\n") + "Who is answered as anyone is not named.\n\n"
		}
		text += listed(m, as.rules)
	default:
		text += table(m, as.rules)
	}
	if as.rules {
		text += byValue(m)
	}
	return text
}

// table draws operations and subjects as rows and columns.
func table(m authz.Matrix, rules bool) string {
	g := grid{
		corner: [2]string{"OPERATION", strings.ToUpper(string(m.By))}, rows: titles(m.Operations), cols: subjectsOf(m),
		cell: func(row, col int) string {
			cell := m.Rows[col].Cells[row]
			if rules {
				return strings.TrimRight(mark(m.Rows[col], cell)+" "+shown(cell.Rule), " ")
			}
			return mark(m.Rows[col], cell)
		},
	}
	return strings.Join(g.lines(), "\n") + "\n"
}

// listed lists for each operation who has which answer. Who has none, or what anyone has, is left out.
func listed(m authz.Matrix, rules bool) string {
	text, subjects := "", subjectsOf(m)
	for i, name := range titles(m.Operations) {
		text += name + "\n"
		who := map[string][]string{}
		for j, row := range m.Rows {
			cell := row.Cells[i]
			is := mark(row, cell)
			if j > 0 && m.By != authz.ByScope && cell.Cases == nil && cell.Answer == m.Rows[0].Cells[i].Answer {
				continue
			}
			name := subjects[j]
			if rules && cell.Rule != "" {
				name += " (" + shown(cell.Rule) + ")"
			}
			who[is] = append(who[is], name)
		}
		if len(who["yes"])+len(who["some"])+len(who["DENY"])+len(who[partlyDenied])+len(who["error"]) == 0 {
			text += "  nobody\n"
		}
		for _, is := range []string{"yes", "some", "DENY", partlyDenied, "error"} {
			if len(who[is]) > 0 {
				text += wrapped(fmt.Sprintf("  %-5s  ", is), who[is])
			}
		}
	}
	return text
}

// subjectsOf names the rows without their kind, which the title tells.
func subjectsOf(m authz.Matrix) []string {
	list := make([]string, len(m.Rows))
	for i, row := range m.Rows {
		list[i] = shown(strings.TrimPrefix(row.Subject, string(m.By)+":"))
		switch {
		case row.Through:
			list[i] = "users via " + list[i]
		case i > 0 && list[i] == list[0]:
			list[i] = row.Subject // a role that is called anyone
		}
	}
	return list
}

// partlyDenied marks what no value is allowed for, and some are denied.
const partlyDenied = "-*"

// mark is an answer as a cell shows it: what is not there should look like it, and what is denied stand out.
func mark(row authz.MatrixRow, c authz.Cell) string {
	switch c.Answer {
	case authz.AnswerNo:
		if c.Cases != nil {
			return partlyDenied
		}
		return "-"
	case authz.AnswerDenied:
		return "DENY"
	}
	return said(row, c.Answer)
}

// said is an answer in a word. Of users through a client yes would say too much.
func said(row authz.MatrixRow, a authz.Answer) string {
	if row.Through && a == authz.AnswerYes {
		return "pass"
	}
	return string(a)
}

func legend(m authz.Matrix) string {
	marks := "yes: allowed  -: no row allows it  DENY: a deny row wins  some: by value"
	notes := map[authz.By]string{
		authz.ByRole:  "A user who has just this role. What anyone may is included.",
		authz.ByGroup: "A user who is in just this group. What anyone may is included.",
		authz.ByUser:  "A user with what the policy gives. Groups and roles of a token come on top.",
		authz.ByClient: "A client's own token, without a user. DENY stops users through it, too.\n" +
			"Nothing else here says what users may.",
		authz.ByScope: "A token with just this scope. What its user may is for door two to say.",
	}
	note := notes[m.By] + "\n"
	if len(m.Rows) == 1 && m.By != authz.ByScope {
		note += "The policy names no " + string(m.By) + ".\n"
	}
	if m.By == authz.ByScope {
		marks = "yes: covered  -: not covered  some: by value"
	}
	if slices.ContainsFunc(m.Rows, func(r authz.MatrixRow) bool { return r.Through }) {
		note += "users via: users through this client. pass: it is not in the way.\n"
	}
	for _, more := range []struct{ mark, note string }{
		{partlyDenied, "-*: denied for some values, allowed for none.\n"},
		{"error", "error: the model cannot be asked this; calls are denied.\n"},
	} {
		has := func(c authz.Cell) bool { return mark(authz.MatrixRow{}, c) == more.mark }
		if slices.ContainsFunc(m.Rows, func(r authz.MatrixRow) bool { return slices.ContainsFunc(r.Cells, has) }) {
			note += more.note
		}
	}
	return marks + "\n" + note
}

// byValue lists the answers that depend on placeholders, once for all subjects that have the same.
func byValue(m authz.Matrix) string {
	var text strings.Builder
	names, subjects := titles(m.Operations), subjectsOf(m)
	for i, name := range names {
		var order []string
		who := map[string][]string{}
		for j, row := range m.Rows {
			lines := caseLines(row, row.Cells[i].Cases)
			if lines == "" {
				continue
			}
			if who[lines] == nil {
				order = append(order, lines)
			}
			who[lines] = append(who[lines], subjects[j])
		}
		for _, lines := range order {
			text.WriteString("\n" + wrapped(name+", by value: ", who[lines]) + lines)
		}
	}
	return text.String()
}

func caseLines(row authz.MatrixRow, cases []authz.Case) string {
	var text strings.Builder
	for _, c := range cases {
		is := mark(row, authz.Cell{Verdict: c.Verdict})
		text.WriteString(strings.TrimRight(fmt.Sprintf("  %-5s %s  %s", is, valuesText(c.Values), shown(c.Rule)), " ") + "\n")
	}
	return text.String()
}

// valuesText names the values of placeholders.
func valuesText(list []authz.Value) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = v.String()
	}
	return strings.Join(words, "; ")
}
