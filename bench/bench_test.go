package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
)

// TestMain lets the test's own program be the servers, as this program is its own servers.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serveCommand {
		exit(serveMain(os.Args[2:], os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// TestRun measures a few calls. The figures mean nothing; that every call was answered alike and recorded does.
func TestRun(t *testing.T) {
	o, err := parseOptions([]string{"-rounds", "2", "-requests", "32"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	for _, b := range bars() {
		if !strings.Contains(out.String(), "\n"+b.revision+" ") {
			t.Errorf("no line for %s:\n%s", b.revision, &out)
		}
	}
}

func TestReport_Bars(t *testing.T) {
	spent := func(bare, gate time.Duration) round { return round{bare: cost{cpu: bare}, gate: cost{cpu: gate}} }
	rounds := func(gate time.Duration) []round {
		return []round{spent(100, 1), spent(100, gate), spent(100, 900)} // the median counts
	}
	for _, c := range []struct {
		name    string
		results []result
		missed  bool
	}{
		{"both at their bars", []result{{revision: stateless, rounds: rounds(75)}, {revision: sessions, rounds: rounds(130)}}, false},
		{"the newer one above", []result{{revision: stateless, rounds: rounds(76)}, {revision: sessions, rounds: rounds(130)}}, true},
		{"the older one above", []result{{revision: stateless, rounds: rounds(75)}, {revision: sessions, rounds: rounds(131)}}, true},
		{"one not spoken", []result{{revision: stateless, rounds: rounds(75)}, {revision: sessions, missing: "no"}}, true},
		{"one not asked for", []result{{revision: stateless, rounds: rounds(75)}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := report(io.Discard, options{bar: true}, c.results); errors.Is(err, errMissed) != c.missed {
				t.Errorf("missed: %v, want %t", err, c.missed)
			}
			if err := report(io.Discard, options{}, c.results); err != nil {
				t.Errorf("without -bar: %v", err)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		line string
		ok   bool
	}{
		{"-bar", true},
		{"-bar -rounds 4", false},
		{"-rounds 4", true},
		{"-bar -requests 9999", false},
		{"-connections 0", false},
		{"-connections 1", true},
		{"-revision 2025-06-18", false},
		{"-revision 2025-11-25", true},
	} {
		if _, err := parseOptions(strings.Fields(c.line), io.Discard); (err == nil) != c.ok {
			t.Errorf("%s: %v, want ok %t", c.line, err, c.ok)
		}
	}
}

// TestToken checks what the token is like that both servers are sent.
func TestToken(t *testing.T) {
	raw := newToken(issuertest.New("http://127.0.0.1:1"), "http://127.0.0.1:2/mcp")
	header, err := base64.RawURLEncoding.DecodeString(raw[:strings.IndexByte(raw, '.')])
	if err != nil || !bytes.Contains(header, []byte(`"ES256"`)) {
		t.Errorf("header %s, %v", header, err)
	}
	if len(raw) < tokenSize-20 || len(raw) > tokenSize+20 {
		t.Errorf("%d bytes, want about %d", len(raw), tokenSize)
	}
}

func TestPolicyRows(t *testing.T) {
	if n := strings.Count(policyRows, "\n"); n != 10 {
		t.Errorf("%d rules, want 10", n)
	}
}

func TestCheckAudit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	lines := strings.Repeat(`{"method":"tools/call","decision":"allow"}`+"\n", 3) +
		`{"method":"tools/call","decision":"deny"}` + "\n" + `{"method":"tools/list","decision":"allow"}` + "\n"
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	for calls, ok := range map[int]bool{2: false, 3: true, 4: false} {
		t.Run(fmt.Sprint(calls), func(t *testing.T) {
			if err := checkAudit(path, calls); (err == nil) != ok {
				t.Errorf("%v, want ok %t", err, ok)
			}
		})
	}
}
