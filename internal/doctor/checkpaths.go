package doctor

import (
	"fmt"
	"regexp"
	"strings"
)

func pathChecks() []Check {
	return []Check{
		{
			ID: "path.variants", Title: "Other spellings of the path are no way in", Worst: Problem, gated: true,
			Clause: "RFC 3986, section 6.2.2; MCP 2026-07-28, Authorization, \"Token Requirements\"",
			Why:    "If the check compares the path and the router tidies it up first, another spelling reaches the tools without a token.",
			Mend:   "Put the check into the handler itself, not in front of a path.",
			look:   lookPathVariants,
		},
		{
			ID: "path.diagnostics", Title: "No diagnostics are served beside the endpoint", Worst: Warning,
			Clause: "CWE-215; CWE-497",
			Why:    "Profiles, metrics and variables tell anybody who calls how often, and what the process holds in memory.",
			Mend:   "Serve them on a listener of their own that is not reachable from outside.",
			look:   lookDiagnostics,
		},
	}
}

// variants are spellings of the path that some part of some stack takes for the path itself.
func (v *visit) variants() []string {
	path := strings.TrimSuffix(v.target.EscapedPath(), "/")
	if path == "" {
		return []string{"//", "/.", "/%2e/"}
	}
	all := []string{path + "/", "/" + path, path + "/.", path + ";x=1", "/." + path}
	if upper := strings.ToUpper(path); upper != path && !strings.Contains(path, "%") {
		all = append(all, upper)
	}
	if c := path[1]; c >= 'a' && c <= 'z' {
		all = append(all, fmt.Sprintf("/%%%02x%s", c, path[2:]))
	}
	return all
}

func lookPathVariants(v *visit) verdict {
	var all []verdict
	variants := v.variants()
	for _, path := range variants {
		a := v.modern("tools/list", nil).called("POST " + path)
		a.path = path
		x := v.send(a)
		switch {
		case x.err == nil && (x.answered() || x.read()):
			all = append(all, problem("%v", x))
		case x.status/100 == 2:
			all = append(all, note("%v", x))
		case x.status/100 == 5:
			all = append(all, warning("%v", x))
		case x.err != nil:
			all = append(all, gone(x))
		}
	}
	all = append(all, ok("%s", strings.Join(variants, " ")))
	return worst(all...)
}

// lookDiagnostics knows these pages by what is on them: a server may answer every path with something.
func lookDiagnostics(v *visit) verdict {
	pages := [][2]string{
		{"/debug/pprof/", `(?i)goroutine|heap`}, {"/metrics", `(?m)^# (HELP|TYPE) `}, {"/debug/vars", `"memstats"`},
		{"/actuator/env", `"propertySources"`},
	}
	for _, page := range pages {
		x := v.send(get("GET "+page[0], v.origin()+page[0]))
		if x.status == 200 && regexp.MustCompile(page[1]).Match(x.body) {
			return warning("%v", x)
		}
		if x.silent() {
			return unseen("%v", x)
		}
	}
	return ok("%d usual addresses", len(pages))
}
