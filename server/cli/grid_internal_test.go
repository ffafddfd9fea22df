package cli

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/authz"
)

// TestGrid_ShowsEveryCellOnce draws grids of all sizes and looks for each cell under its name and beside its other one.
func TestGrid_ShowsEveryCellOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 1}, {5, 3}, {3, 60}, {60, 3}, {30, 40}, {12, 13}, {2, 200}, {0, 1}} {
		name := func(i int) string { return strings.Repeat("n", 1+r.IntN(9)) + fmt.Sprintf("-part_%d", i) }
		g := grid{corner: [2]string{"ROWS", "COLUMNS"}}
		for i := range size[0] {
			g.rows = append(g.rows, name(i))
		}
		for i := range size[1] {
			g.cols = append(g.cols, name(i))
		}
		g.cell = func(row, col int) string { return fmt.Sprintf("%d.%d", row, col) }
		seen := map[string]int{}
		for _, line := range g.lines() {
			if len(line) > screen || strings.TrimRight(line, " ") != line {
				t.Errorf("%v: %q has %d characters", size, line, len(line))
			}
			fields := strings.Fields(line)
			for _, cell := range fields[min(1, len(fields)):] {
				var row, col int
				if n, _ := fmt.Sscanf(cell, "%d.%d", &row, &col); n == 2 {
					seen[cell]++
					if !strings.HasPrefix(line, g.rows[row]+" ") && !strings.HasPrefix(line, g.cols[col]+" ") {
						t.Errorf("%v: %s is not beside its name: %q", size, cell, line)
					}
				}
			}
		}
		if len(seen) != size[0]*size[1] {
			t.Errorf("%v: %d cells are shown", size, len(seen))
		}
		for cell, n := range seen {
			if n != 1 {
				t.Errorf("%v: %s is shown %d times", size, cell, n)
			}
		}
	}
}

func TestBroken(t *testing.T) {
	for name, want := range map[string][]string{
		"":                          {""},
		"short":                     {"short"},
		"customers_search":          {"customers_", "search"},
		"users via chat-bridge":     {"users via", "chat-", "bridge"},
		"note://{id}":               {"note://", "{id}"},
		"a-b-c-d-e-f-g":             {"a-b-c-d-e-", "f-g"},
		"getCustomerInvoiceHistory": {"getCustomerInvoiceHistory"},
	} {
		if diff := cmp.Diff(want, broken(name, headingWidth)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	}
}

func TestInert(t *testing.T) {
	for field, want := range map[string]string{
		"": "", "role:a": "role:a", "a=b": "a=b", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx",
	} {
		if got := inert(field); !slices.Equal(got, []string{want}) {
			t.Errorf("%q became %q", field, got)
		}
	}
}

// TestDrawMatrix_WhatIsRare has what few policies have.
func TestDrawMatrix_WhatIsRare(t *testing.T) {
	ops := []authz.Operation{{Kind: "tool", Name: "do"}}
	cell := func(a authz.Answer) []authz.Cell { return []authz.Cell{{Verdict: authz.Verdict{Answer: a}}} }
	m := authz.Matrix{By: authz.ByRole, Operations: ops, Rows: []authz.MatrixRow{
		{Subject: "anyone", Cells: cell(authz.AnswerNo)}, {Subject: "role:odd", Cells: cell(authz.AnswerError)},
	}}
	for _, tt := range []struct {
		m    authz.Matrix
		as   layout
		want string
	}{
		{m, layout{}, "\ndo         -       error\n"},
		{m, layout{list: true}, "\ndo\n  error  odd\n"},
		{m, layout{}, "\nerror: the model cannot be asked this; calls are denied.\n"},
		{authz.Matrix{By: authz.ByScope, Operations: ops}, layout{}, "\nneither the policy nor an operation names a scope\n"},
		{authz.Matrix{By: authz.ByScope, Operations: ops, Rows: []authz.MatrixRow{{Subject: "scope:s", Cells: cell(authz.AnswerYes)}}},
			layout{list: true}, "\ndo\n  yes    s\n"},
	} {
		if got := drawMatrix(tt.m, "policy.csv", tt.as); !strings.Contains(got, tt.want) {
			t.Errorf("want %q in:\n%s", tt.want, got)
		}
	}
}

// TestDrawDifference_WhatIsRare does the same for changes.
func TestDrawDifference_WhatIsRare(t *testing.T) {
	need, err := authz.NewRequirement([]string{"do"}, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	op := authz.Operation{Kind: "tool", Name: "do", Need: need}
	verdict := func(a authz.Answer) authz.Verdict { return authz.Verdict{Answer: a} }
	for _, tt := range []struct {
		subject       string
		through       bool
		before, after authz.Answer
		want          string
	}{
		{"user:a", false, authz.AnswerError, authz.AnswerYes, "was  the model cannot be asked, calls are denied\n    now  allowed\n"},
		{"client:a", true, authz.AnswerNo, authz.AnswerYes, "who  users via client:a\n    was  no row admits the client\n    now  not stopped\n"},
		{"scope:a", false, authz.AnswerNo, authz.AnswerSome, "was  not delegated\n    now  delegated, if the request has the right value for something else\n"},
		{"scope:a", false, authz.AnswerNo, authz.AnswerYes, "now  delegated\n"},
	} {
		d := authz.Difference{Changes: []authz.Change{{
			Subject: tt.subject, Through: tt.through, Operation: op, Need: "do", Before: verdict(tt.before), After: verdict(tt.after), Decides: true,
		}}}
		if got := drawDifference(d, []string{"a", "b"}, []authz.Operation{op}); !strings.Contains(got, tt.want) || !strings.Contains(got, "more operations for:") {
			t.Errorf("want %q in:\n%s", tt.want, got)
		}
	}
}
