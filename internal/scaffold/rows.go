package scaffold

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// row is a row of a policy as it stands in the file.
type row struct {
	line   int // from 1
	fields []string
}

// rowsOf returns the rows of a policy that loads, in file order.
func rowsOf(p *authz.Policy) []row {
	var list []row
	for _, r := range p.Rows() {
		number, _ := strconv.Atoi(strings.TrimPrefix(r.At, policyFile+":"))
		list = append(list, row{number, strings.Split(r.Text, ", ")})
	}
	return list
}

// named returns the subjects of a kind that the rows name, in file order, each once.
func named(rows []row, kind string) []string {
	var list []string
	for _, r := range rows {
		for _, field := range r.fields[1:] {
			if name, ok := strings.CutPrefix(field, kind+":"); ok && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

// top returns the roles that no other role includes: those that the fewest have.
func top(rows []row) []string {
	list := named(rows, "role")
	return slices.DeleteFunc(list, func(role string) bool {
		return slices.ContainsFunc(rows, func(r row) bool {
			return r.fields[0] == "g" && strings.HasPrefix(r.fields[1], "role:") && r.fields[2] == "role:"+role
		})
	})
}

// appendRow writes a p row into the text of a policy, behind the last one of its subject, else behind the last one of any role, else at
// the end, and says where. Its columns are those of the row in front of it, and every other byte stays.
func appendRow(data []byte, rows []row, fields []string) ([]byte, int) {
	lines := bytes.SplitAfter(data, []byte("\n"))
	after := len(lines)
	if len(lines[after-1]) == 0 {
		after-- // the end of the file is no line
	}
	model := ""
	for _, wanted := range []string{fields[0], "role:"} {
		at := lastOf(rows, wanted)
		if at > 0 {
			after, model = at, string(lines[at-1])
			break
		}
	}
	ending := lineEnd(data)
	text := aligned(fields, model) + ending
	if last := lines[after-1]; !bytes.HasSuffix(last, []byte("\n")) && len(last) > 0 {
		text = ending + text
	}
	return insert(data, len(bytes.Join(lines[:after], nil)), text), after + 1
}

// lastOf is the line of the last p row whose subject begins so; 0 if there is none.
func lastOf(rows []row, subject string) int {
	line := 0
	for _, r := range rows {
		if r.fields[0] == "p" && (r.fields[1] == subject || strings.HasSuffix(subject, ":") && strings.HasPrefix(r.fields[1], subject)) {
			line = r.line
		}
	}
	return line
}

// aligned writes a p row, with its fields under those of a model row as far as they fit.
func aligned(fields []string, model string) string {
	text := "p, "
	model = strings.TrimRight(model, "\r\n")
	for i, field := range fields {
		text += field
		if i == len(fields)-1 {
			return text
		}
		text += ", "
		if column := columnOf(model, i+2); column > len(text) {
			text += strings.Repeat(" ", column-len(text))
		}
	}
	return text
}

// columnOf is where the field of a row begins, in bytes.
func columnOf(line string, field int) int {
	at := 0
	for range field {
		comma := strings.IndexByte(line[at:], ',')
		if comma < 0 {
			return 0
		}
		at += comma + 1
	}
	return at + len(line[at:]) - len(strings.TrimLeft(line[at:], " \t"))
}
