package main

// client is one row of the table: how a client is started, and what it is known to do.
type client struct {
	id       string // names it on the command line and in docs/interop.md
	title    string
	revision string // that all its calls must speak
	mode     string // for its driver
	command  []string
	needs    string // what must be installed: "node", "python1", "python2"

	// What is on the wire, and must be. A count is of requests with a token.
	consents []string // the scopes of each authorization request, sorted
	creates  []int    // the status of each notes_create
	deletes  []int    // the status of each notes_delete
	broken   bool     // the search after the denial does not work any more
}

// clients returns every client there is a driver for.
func clients(node, drivers, python1, python2 string) []client {
	once := []string{"notes:read", "notes:read notes:write"}
	js := func(driver string) []string { return []string{node, drivers + "/" + driver} }
	all := []client{
		{id: "inspector-modern", title: "MCP Inspector 2.12.0, command line, `--protocol-era modern`", revision: modern, mode: "modern", command: js("inspector.mjs")},
		{id: "inspector-legacy", title: "MCP Inspector 2.12.0, command line (its default, `legacy`)", revision: legacy, mode: "legacy", command: js("inspector.mjs")},
		{id: "mcp-remote-auto", title: "mcp-remote 0.15.1, `--protocol auto`", revision: modern, mode: "auto", command: js("mcp-remote.mjs")},
		{id: "mcp-remote-legacy", title: "mcp-remote 0.15.1 (its default, `legacy`)", revision: legacy, mode: "legacy", command: js("mcp-remote.mjs")},
		{id: "typescript-2-auto", title: "TypeScript SDK 2.4.0, `versionNegotiation: { mode: 'auto' }`", revision: modern, mode: "auto", command: js("sdk2.mjs")},
		{id: "typescript-2-default", title: "TypeScript SDK 2.4.0 (its default)", revision: legacy, mode: "default", command: js("sdk2.mjs")},
		{id: "typescript-1", title: "TypeScript SDK 1.32.2", revision: legacy, mode: "default", command: js("sdk1.mjs")},
		{id: "python-2-auto", title: "Python SDK 2.3.0 (its default, `mode=\"auto\"`)", revision: modern, mode: "auto", command: []string{python2, drivers + "/python2.py"}, needs: "python"},
		{id: "python-2-legacy", title: "Python SDK 2.3.0, `mode=\"legacy\"`", revision: legacy, mode: "legacy", command: []string{python2, drivers + "/python2.py"}, needs: "python"},
		{id: "python-1", title: "Python SDK 1.30.0", revision: legacy, mode: "default", command: []string{python1, drivers + "/python1.py"}, needs: "python"},
	}
	for i := range all {
		all[i].consents, all[i].creates, all[i].deletes = once, []int{403, 200}, []int{403}
	}
	return all
}

const (
	modern = "2026-07-28"
	legacy = "2025-11-25"
)
