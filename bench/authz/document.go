package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"text/template"
)

// How the names of the page and of its plot end.
const (
	documentSuffix = ".md"
	plotSuffix     = ".svg"
)

// page is the text around the tables. It holds no figure of its own, so that it cannot contradict them.
const page = `# What a decision costs

This page and its plot are written by ` + "`make bench-authz`" + `. Read ratios, not nanoseconds, which are those of one machine:
{{.Machine}}.

![CPU time of one decision by the number of rules: Sallyport warm and cold, Casbin, Cedar]({{.Plot}})

## The same question to four

Somebody asks to do ` + "`notes:write`" + `, and the policy has so many rules. Every engine is loaded once, before it is measured.

{{.Beside}}
- **warm**: ` + "`authz.Policy.Decide`" + ` about a caller and an operation that were asked about before. Callers come back, so that most requests are this.
- **cold**: about a caller whose name was never seen, with a group and a role in the token.
- **Casbin**: one ` + "`Enforce`" + ` of Casbin {{.Casbin}} with the textbook model, about a user with a role and a group in the policy.
- **Cedar**: one ` + "`Authorize`" + ` of cedar-go {{.Cedar}}: each p row as a permit or forbid policy, g rows as parents of entities.

## Asked again

By the number of rules: CPU time, its ratio to the smallest policy, and allocations. With ` + "`{table}`" + ` the permission is
` + "`table/{table}:read`" + `, and the value is another one of {{.Values}} every time.

{{.Warm}}
## Asked for the first time

{{.Cold}}
Allocations are those of one decision. The policies have met thousands of other callers before, so that a new one takes the place of an old one.

## Loading a policy

` + "`authz.Compile`" + ` as a whole: read, lint, compile. Kept is what stays in memory, the text of the rules included.

{{.Compile}}
## Memory

A user with two g rows, a role and a group, takes {{.User}} of a compiled policy ({{.UserText}} of text in the file), measured as the difference between
{{.Users}} and twice as many. Callers who are in no row take nothing until they ask. What is remembered about those who ask, each for one operation under
a policy of {{.RecallRules}} rules:

{{.Recall}}
The number of callers is doubled until the memory stays as it is, which is one of the bars: later ones then take the places of earlier ones.

## Bars

{{.Bars}}
## How to repeat it

` + "```sh" + `
make bench-authz                                          # all of it; fails if a bar is missed
cd bench && go run ./authz -rounds 3 -sizes 10,100,1000   # a quick look
` + "```" + `

Figures are processor time of the process (getrusage, user and system). Three sets are measured one after the other: compilations, warm decisions,
and cold ones with Casbin and Cedar. Each round takes a sample of everything in its set, every other round backwards, and a ratio is the median of the
ratios within the rounds: what else the machine does meets both sides. The heap is free of garbage before each sample.

## What the figures do not say

- **The policy is generated.** It is that of an organization of teams, with roles, groups and users, exact objects and prefixes, about one denial in
  six p rows, and two p rows for each g row. A rule is a row, p and g alike. With more rules there are more teams, and a caller has about ten rows as before;
  somebody who has a thousand rows of their own costs more the first time.
- **Warm is as warm as it gets**: one caller again and again, so that everything is in the processor's caches. Ten thousand callers in turn wait for
  main memory, with this engine as with any.
- **No collection falls into a measured decision.** What is allocated is paid for later, by Casbin and Cedar too; that is why allocations are listed. A
  compilation pays for its own.
- **The others were not tuned.** Casbin has a cached enforcer that remembers answers, and who uses Cedar may choose which policies to hand over. What is
  compared is one evaluation of a whole policy. Both answer door two only, about the user; Sallyport answers both doors, and whether the client is denied.
- **Cedar has no prefixes of names in the head of a policy.** They are a ` + "`like`" + ` on an attribute here, as Cedar has it;
  everything else is in the head, where it looks first.
- **This is the textbook model.** Another ` + "`model.conf`" + ` is decided by Casbin, at its cost.
- **A decision is a small part of a request.** What a whole call costs is measured by ` + "`make bench`" + `.
`

// markdown writes a table into a page. The first line is its head; figures stand to the right of what they are about.
func (t table) markdown() string {
	var b strings.Builder
	for i, line := range t {
		b.WriteString("| " + strings.Join(line, " | ") + " |\n")
		if i == 0 {
			b.WriteString("| :-- |" + strings.Repeat(" --: |", len(line)-1) + "\n")
		}
	}
	return b.String()
}

// writeDocument writes the page and the plot.
func (r results) writeDocument() error {
	plot := strings.TrimSuffix(r.doc, documentSuffix) + plotSuffix
	if err := os.WriteFile(plot, []byte(r.plot()), 0o644); err != nil {
		return err
	}
	var b strings.Builder
	if err := r.document(&b, filepath.Base(plot)); err != nil {
		return err
	}
	return os.WriteFile(r.doc, []byte(b.String()), 0o644)
}

// document writes the page.
func (r results) document(w io.Writer, plot string) error {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, map[string]string{
		"Machine":     r.machine(),
		"Casbin":      version("github.com/casbin/casbin/v2"),
		"Cedar":       version("github.com/cedar-policy/cedar-go"),
		"Plot":        plot,
		"Values":      thousands(len(tables())),
		"Beside":      r.besideTable().markdown(),
		"Warm":        r.warmTable().markdown(),
		"Cold":        r.coldTable().markdown(),
		"Compile":     r.compileTable().markdown(),
		"User":        inBytes(r.user.bytes),
		"UserText":    inBytes(r.user.text),
		"Users":       thousands(r.user.users),
		"Recall":      r.recallTable().markdown(),
		"RecallRules": thousands(recallRules),
		"Bars":        r.barTable().markdown(),
	})
}

// version is that of a module in this program.
func version(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "(unknown version)"
}

func (r results) besideTable() table {
	t := table{{"rules", warmPlain, cold, byCasbin, byCedar}}
	for _, n := range r.sizes {
		line := []string{thousands(n)}
		for _, kind := range t[0][1:] {
			line = append(line, duration(r.nanos(kind, n)))
		}
		t = append(t, line)
	}
	return t
}

func (r results) warmTable() table {
	first := r.sizes[0]
	t := table{{"rules", warmPlain, toRules(first), "allocations", warmPlaced, toRules(first), "allocations"}}
	for _, n := range r.sizes {
		line := []string{thousands(n)}
		for _, kind := range []string{warmPlain, warmPlaced} {
			line = append(line, duration(r.nanos(kind, n)), ratio(r.ratio(kind, n, kind, first).middle), count(r.allocs(kind, n)))
		}
		t = append(t, line)
	}
	return t
}

func (r results) coldTable() table {
	t := table{{"rules", cold, toCasbin(), "allocates", byCasbin + " allocates", byCedar + " allocates"}}
	for _, n := range r.sizes {
		line := []string{thousands(n), duration(r.nanos(cold, n)), r.inCasbins(n)}
		for _, kind := range []string{cold, byCasbin, byCedar} {
			line = append(line, fmt.Sprintf("%s, %s", thousands(int(r.allocs(kind, n)+0.5)), inBytes(r.bytes(kind, n))))
		}
		t = append(t, line)
	}
	return t
}

func (r results) compileTable() table {
	t := table{{"rules", "CPU time", "per rule", "kept per rule"}}
	for _, n := range r.sizes {
		took := r.nanos(compiling, n)
		t = append(t, []string{thousands(n), duration(took), duration(took / float64(n)), inBytes(r.kept[n])})
	}
	return t
}

func (r results) recallTable() table {
	t := table{{"callers asked about", "memory", "for each of them"}}
	for _, c := range r.recalled {
		t = append(t, []string{thousands(c.principals), inBytes(c.bytes), inBytes(c.bytes / float64(c.principals))})
	}
	return t
}
