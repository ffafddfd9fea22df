package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// report collects what the clients did, prints it, and compares it with what docs/interop.md says.
type report struct {
	out         io.Writer
	transcripts bool
	rows        []row
	failed      int
	missing     int
}

type row struct {
	client
	outcome
	why string // why it was not run
}

func (r *report) notRun(c client, why string) {
	r.missing++
	r.rows = append(r.rows, row{client: c, why: why})
	fmt.Fprintf(r.out, "%-28s not run: %s\n", c.id, why)
}

// add checks one client's run. err is why the run itself failed, if it did.
func (r *report) add(c client, o outcome, err error) {
	r.rows = append(r.rows, row{client: c, outcome: o})
	verdict := "as it must be"
	if err == nil {
		err = c.check(o)
	}
	if err != nil {
		r.failed++
		verdict = "WRONG\n    " + strings.ReplaceAll(err.Error(), "\n", "\n    ")
	}
	fmt.Fprintf(r.out, "%-28s %s\n", c.id, verdict)
	if err != nil || r.transcripts {
		transcript(r.out, o.wire)
		for _, s := range o.steps {
			fmt.Fprintf(r.out, "    %s: ok=%t %s %s\n%s", s.Step, s.OK, s.Tools, s.Seen, indented(s.Log))
		}
		fmt.Fprint(r.out, indented(o.noise), indented(o.wrote))
	}
}

func indented(text string) string {
	if text == "" {
		return ""
	}
	return "    | " + strings.ReplaceAll(text, "\n", "\n    | ") + "\n"
}

// block is what bob saw at the client of this row, as docs/interop.md has it.
func (r row) block() string {
	var b strings.Builder
	switch create := r.step("create"); {
	case !create.OK:
		fmt.Fprintf(&b, "# at the step-up\n%s\n\n# at the denial\n", create.Seen)
	case create.Log != "":
		fmt.Fprintf(&b, "# at the step-up\n%s\n\n# at the denial\n", create.Log)
	}
	b.WriteString(r.step("delete").Seen)
	if read := r.step("denied read"); read.Step != "" {
		fmt.Fprintf(&b, "\n\n# at a denial of something that is in no list\n%s", read.Seen)
	}
	return "```\n" + b.String() + "\n```\n"
}

// compare looks for every client's block in the document, or puts it there. Blocks of clients that were not run are left as they are.
func (r *report) compare(path string, update bool) error {
	had, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	doc := had
	for _, one := range r.rows {
		if one.why != "" {
			continue
		}
		changed, err := replace(doc, one.id, one.block())
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if !update && !bytes.Equal(changed, doc) {
			r.failed++
			fmt.Fprintf(r.out, "%-28s bob saw something else than docs/interop.md says (./e2e/interop/run -update):\n%s", one.id, one.block())
		}
		doc = changed
	}
	if update && !bytes.Equal(had, doc) {
		return os.WriteFile(path, doc, 0o644)
	}
	return nil
}

// replace puts text between the markers of a name.
func replace(doc []byte, name, text string) ([]byte, error) {
	begin, end := []byte("<!-- begin seen "+name+" -->\n"), []byte("<!-- end -->")
	before, rest, found := bytes.Cut(doc, begin)
	_, after, closed := bytes.Cut(rest, end)
	if !found || !closed {
		return nil, fmt.Errorf("there are no markers for what bob sees at %s", name)
	}
	return bytes.Join([][]byte{before, begin, []byte(text), end, after}, nil), nil
}

// finish prints the table and says whether the run is a success.
func (r *report) finish(allowMissing bool) bool {
	fmt.Fprintf(r.out, "\n%-28s %-10s %-9s %-13s %-13s %s\n", "client", "revision", "consents", "notes_create", "notes_delete", "bob sees")
	for _, one := range r.rows {
		if one.why != "" {
			fmt.Fprintf(r.out, "%-28s not run: %s\n", one.id, one.why)
			continue
		}
		fmt.Fprintf(r.out, "%-28s %-10s %-9d %-13s %-13s %s\n", one.id, one.revision, one.opens,
			one.statuses("notes_create"), one.statuses("notes_delete"), firstLine(one.step("delete").Seen))
	}
	fmt.Fprintf(r.out, "\n%d clients, %d wrong, %d not run\n", len(r.rows), r.failed, r.missing)
	return len(r.rows) > 0 && r.failed == 0 && (r.missing == 0 || allowMissing)
}

func (r row) statuses(tool string) string {
	var all []string
	for _, e := range r.wire {
		if e.rpc == "tools/call" && e.name == tool {
			all = append(all, strconv.Itoa(e.status))
		}
	}
	return strings.Join(all, " ")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
