package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// check says everything in which a run is not what it must be.
func (c client) check(o outcome) error {
	return errors.Join(c.checkDiscovery(o.wire), c.checkConsents(o), c.checkCalls(o.wire), c.checkRevision(o.wire), c.checkSteps(o))
}

// checkDiscovery checks the way from a 401 to a token.
func (c client) checkDiscovery(wire []exchange) error {
	first := slices.IndexFunc(wire, func(e exchange) bool { return e.path == "/mcp" })
	if first < 0 || wire[first].status != http.StatusUnauthorized || wire[first].bearer {
		return errors.New("the first request to /mcp must have no token and get a 401")
	}
	var wrong []error
	for path, status := range map[string]int{
		"/.well-known/oauth-protected-resource/mcp": http.StatusOK,
		"/.well-known/oauth-authorization-server":   http.StatusOK,
		"/register": http.StatusCreated,
		"/token":    http.StatusOK,
	} {
		found := slices.ContainsFunc(wire, func(e exchange) bool { return e.path == path && e.status == status })
		if !found {
			wrong = append(wrong, fmt.Errorf("no %s that was answered with %d", path, status))
		}
	}
	return errors.Join(wrong...)
}

// checkConsents checks what bob was asked for: once to begin with, once to step up, and never for the denial.
func (c client) checkConsents(o outcome) error {
	var got []string
	for _, e := range o.wire {
		if e.path == authorizePath && e.scope != "" {
			scopes := strings.Fields(e.scope)
			slices.Sort(scopes)
			got = append(got, strings.Join(scopes, " "))
		}
	}
	if !slices.Equal(got, c.consents) {
		return fmt.Errorf("bob was asked for %q, want %q", got, c.consents)
	}
	if o.opens != len(got) {
		return fmt.Errorf("bob was sent to a browser %d times for %d consents", o.opens, len(got))
	}
	return nil
}

// checkCalls checks the statuses of all calls with a token, and that a refusal says what it must and nothing else.
func (c client) checkCalls(wire []exchange) error {
	statuses := map[string][]int{}
	var wrong []error
	for _, e := range wire {
		if (e.rpc != "tools/call" && e.rpc != "resources/read") || !e.bearer {
			continue
		}
		if e.rpc == "resources/read" {
			e.name = e.rpc
		}
		statuses[e.name] = append(statuses[e.name], e.status)
		asks := parameter(e.challenge, "error") == "insufficient_scope"
		switch {
		case e.name == "notes_create" && e.status == http.StatusForbidden && (!asks || parameter(e.challenge, "scope") != "notes:write"):
			wrong = append(wrong, fmt.Errorf("%s, want insufficient_scope and the scope notes:write", e))
		case (e.name == "notes_delete" || e.name == e.rpc) && e.challenge != "":
			wrong = append(wrong, fmt.Errorf("%s, want no challenge", e))
		}
	}
	for name, want := range map[string][]int{"notes_create": c.creates, "notes_delete": c.deletes, "resources/read": c.reads} {
		if !slices.Equal(statuses[name], want) {
			wrong = append(wrong, fmt.Errorf("%s went %v, want %v", name, statuses[name], want))
		}
	}
	searches := statuses["notes_search"]
	if len(searches) == 0 || slices.ContainsFunc(searches, func(status int) bool { return status != http.StatusOK }) {
		wrong = append(wrong, fmt.Errorf("notes_search went %v, want 200 only", searches))
	}
	return errors.Join(wrong...)
}

// checkRevision checks that the calls were of the revision this row is about.
func (c client) checkRevision(wire []exchange) error {
	for _, e := range wire {
		if e.rpc == "tools/call" && e.revision != c.revision {
			return fmt.Errorf("%s, want revision %s", e, c.revision)
		}
	}
	return nil
}

// checkSteps checks what the client made of the answers.
func (c client) checkSteps(o outcome) error {
	var wrong []error
	tools := slices.Clone(o.step("list").Tools)
	slices.Sort(tools)
	if !slices.Equal(tools, []string{"notes_create", "notes_search"}) {
		wrong = append(wrong, fmt.Errorf("the list shows %q, want what bob may do and nothing else %s", tools, o.step("list").Seen))
	}
	for name, want := range map[string]bool{"search": true, "create": !c.stuck, "delete": false, "search again": true} {
		if got := o.step(name); got.Step == "" || got.OK != want {
			wrong = append(wrong, fmt.Errorf("step %q: worked = %t, want %t: %s", name, got.OK, want, got.Seen))
		}
	}
	if got := o.step("denied read"); len(c.reads) > 0 && (got.Step == "" || got.OK) {
		wrong = append(wrong, fmt.Errorf("step %q: worked = %t, want false: %s", "denied read", got.OK, got.Seen))
	}
	return errors.Join(wrong...)
}
