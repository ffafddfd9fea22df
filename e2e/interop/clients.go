package main

// client is one row of the table: how a client is started, and what it is known to do.
type client struct {
	id       string // names it on the command line and in docs/interop.md
	title    string
	revision string // that all its calls must speak
	mode     string // for its driver
	command  []string
	needs    string // what must be installed: "python", or nothing but Node

	// What is on the wire, and must be. A count is of requests with a token.
	consents []string // the scopes of each authorization request, sorted
	creates  []int    // the status of each notes_create
	deletes  []int    // the status of each notes_delete; none if the client looks at the list first and sends nothing
	reads    []int    // the status of each resources/read, before and after door two was shut for it
	stuck    bool     // the client does not get through the step-up
	broken   bool     // the search after the denial does not work any more
}

// clients returns every client there is a driver for.
func clients(node, drivers, python1, python2 string) []client {
	js := func(driver string) []string { return []string{node, drivers + "/" + driver} }
	inspector, remote := js("inspector.mjs"), js("mcp-remote.mjs")
	both, stepUp, once := []string{"notes:read", "notes:read notes:write"}, []int{403, 200}, []int{403}
	reads := []int{200, 403}
	narrow := []string{"notes:read", "notes:write"} // what the challenge names, without what the client had
	return []client{
		{id: "inspector-modern", title: "MCP Inspector 2.12.0 --cli --protocol-era modern", revision: modern, mode: "modern", command: inspector,
			consents: both[:1], creates: stepUp[:1], reads: reads, stuck: true},
		{id: "inspector-modern-no-refresh", title: "the same with requestRefreshToken: false", revision: modern, mode: "modern,no-refresh", command: inspector,
			consents: both, creates: stepUp, reads: reads},
		{id: "inspector-legacy", title: "MCP Inspector 2.12.0 --cli", revision: legacy, mode: "legacy", command: inspector,
			consents: both[:1], creates: stepUp[:1], reads: reads, stuck: true},
		{id: "inspector-legacy-no-refresh", title: "the same with requestRefreshToken: false", revision: legacy, mode: "legacy,no-refresh", command: inspector,
			consents: both, creates: stepUp, reads: reads},
		{id: "mcp-remote-auto", title: "mcp-remote 0.15.1 --protocol auto", revision: modern, mode: "auto", command: remote,
			consents: both, creates: stepUp, deletes: once},
		{id: "mcp-remote-legacy", title: "mcp-remote 0.15.1", revision: legacy, mode: "legacy", command: remote,
			consents: both, creates: stepUp, deletes: once},
		{id: "typescript-2-auto", title: "TypeScript SDK 2.4.0, mode 'auto'", revision: modern, mode: "auto", command: js("sdk2.mjs"),
			consents: both, creates: stepUp, deletes: once},
		{id: "typescript-2-default", title: "TypeScript SDK 2.4.0", revision: legacy, mode: "default", command: js("sdk2.mjs"),
			consents: both, creates: stepUp, deletes: once},
		{id: "typescript-2-oldest", title: "TypeScript SDK 2.4.0, supportedProtocolVersions: ['2025-06-18']", revision: oldest, mode: oldest, command: js("sdk2.mjs"),
			consents: both, creates: stepUp, deletes: once},
		{id: "typescript-1", title: "TypeScript SDK 1.32.2", revision: legacy, mode: "default", command: js("sdk1.mjs"),
			consents: both[:1], creates: []int{403, 403}, deletes: once, stuck: true},
		{id: "typescript-1-no-refresh", title: "the same, registered without refresh_token", revision: legacy, mode: "no-refresh", command: js("sdk1.mjs"),
			consents: narrow, creates: stepUp, deletes: once},
		{id: "python-2-auto", title: "Python SDK 2.3.0", revision: modern, mode: "auto", needs: "python", command: []string{python2, drivers + "/python2.py"},
			consents: both, creates: stepUp, deletes: once},
		{id: "python-2-legacy", title: "Python SDK 2.3.0, mode 'legacy'", revision: legacy, mode: "legacy", needs: "python", command: []string{python2, drivers + "/python2.py"},
			consents: both, creates: stepUp, deletes: once},
		{id: "python-1", title: "Python SDK 1.30.0", revision: legacy, mode: "default", needs: "python", command: []string{python1, drivers + "/python1.py"},
			consents: narrow, creates: stepUp, deletes: once},
	}
}

const (
	modern = "2026-07-28"
	legacy = "2025-11-25"
	oldest = "2025-06-18"
)
