package doctor

import (
	"fmt"
	"time"
)

// reportVersion is the version of the JSON shape. It changes when a member changes its meaning or goes.
const reportVersion = 1

// Posture says in one word what happens to a request without a token.
type Posture string

// The postures.
const (
	// PostureClosed is a server that answered nothing without a token.
	PostureClosed Posture = "closed"
	// PostureHoles is one that asked for a token for some requests and answered others.
	PostureHoles Posture = "holes"
	// PostureOpen is one that asks nobody for a token.
	PostureOpen Posture = "open"
	// PostureUnclear is one that neither asked for a token nor answered: perhaps no MCP server.
	PostureUnclear Posture = "unclear"
)

// Report is what was found. As JSON it is stable: members may be added, and Version counts what else changes.
type Report struct {
	Version      int       `json:"version"`
	URL          string    `json:"url"`
	Posture      Posture   `json:"posture"`
	Requests     int       `json:"requests"`
	Milliseconds int64     `json:"milliseconds"`
	Counts       Counts    `json:"counts"`
	Unseen       int       `json:"unseen"`
	Findings     []Finding `json:"findings"`
}

// Counts are how many findings there are of each severity.
type Counts struct {
	OK       int `json:"ok"`
	Notes    int `json:"note"`
	Warnings int `json:"warning"`
	Problems int `json:"problem"`
	Skipped  int `json:"skipped"`
}

// Finding is what one check found.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	// Seen is what the server did, or why the check was skipped: printable ASCII, shortened.
	Seen   string `json:"seen"`
	Clause string `json:"clause"`
	// Why and Mend are there if something is to be mended.
	Why  string `json:"why,omitempty"`
	Mend string `json:"mend,omitempty"`
}

// seenLength is how much of what was seen is shown.
const seenLength = 240

func (r *Report) add(c Check, v verdict) {
	f := Finding{ID: c.ID, Severity: v.severity, Title: c.Title, Seen: printable(v.seen, seenLength), Clause: c.Clause}
	if v.severity > OK {
		f.Why, f.Mend = c.Why, c.Mend
	}
	r.Findings = append(r.Findings, f)
	r.Counts.count(v.severity)
	if v.unseen {
		r.Unseen++
	}
}

func (c *Counts) count(s Severity) {
	switch s {
	case OK:
		c.OK++
	case Note:
		c.Notes++
	case Warning:
		c.Warnings++
	case Problem:
		c.Problems++
	default:
		c.Skipped++
	}
}

// String sums up in one line.
func (r *Report) String() string {
	return fmt.Sprintf("%s, %s, %s, %d right, %d skipped; %s in %v",
		count(r.Counts.Problems, "problem"), count(r.Counts.Warnings, "warning"), count(r.Counts.Notes, "note"),
		r.Counts.OK, r.Counts.Skipped, count(r.Requests, "request"), time.Duration(r.Milliseconds)*time.Millisecond)
}

// Headline says what the posture means.
func (r *Report) Headline() string {
	switch r.Posture {
	case PostureClosed:
		return "The gate is closed: nothing was answered without a token."
	case PostureHoles:
		return "The gate has holes: some requests were answered without a token."
	case PostureOpen:
		return "There is no gate: this server asks nobody for a token."
	default:
		return "No gate and no MCP server was recognised at this address. Is the path right?"
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
