package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/doctor"
)

// brokenServer answers every request in the same way.
func brokenServer(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

func TestDoctor(t *testing.T) {
	open := brokenServer(t, 200, `{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}`)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("token-on-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{open}, 1, "There is no gate", ""},
		{[]string{open, "--json"}, 1, `"posture": "open"`, ""},
		{[]string{open, "--verbose", "--token-file", file}, 1, "auth.accepted", ""},
		{[]string{open, "--token-file", "-"}, 1, "There is no gate", ""},
		{nil, 2, "", "sallyport doctor takes the URL of a server, as in: sallyport doctor https"},
		{[]string{open, open}, 2, "", "sallyport doctor takes the URL of a server, as in: sallyport doctor https"},
		{[]string{"nonsense"}, 2, "", "is no http or https URL"},
		{[]string{"http://127.0.0.1:1/mcp"}, 2, "", "http://127.0.0.1:1/mcp does not answer"},
		{[]string{open, "--token-file", file + "x"}, 2, "", "the token cannot be read"},
		{[]string{open, "--token-file", empty}, 2, "", "the file for the token is empty"},
		{[]string{open, "--token", "x"}, 2, "", "unknown flag: --token"},
	} {
		var stdout, stderr bytes.Buffer
		code := runWith(t, strings.NewReader("token-on-stdin"), append([]string{"doctor"}, tt.args...), &stdout, &stderr)
		if code != tt.code || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%q: exit code %d, want %d\n%s%s", tt.args, code, tt.code, &stdout, &stderr)
		}
		if both := stdout.String() + stderr.String(); strings.Contains(both, "token-on-") {
			t.Errorf("%q: the token is printed:\n%s", tt.args, both)
		}
	}
}

// TestDoctorOutcome tells notes, warnings and what could not be looked at apart.
func TestDoctorOutcome(t *testing.T) {
	for _, tt := range []struct {
		counts doctor.Counts
		unseen int
		strict bool
		want   error
	}{
		{doctor.Counts{OK: 1, Notes: 1}, 0, true, nil},
		{doctor.Counts{Warnings: 1}, 0, false, nil},
		{doctor.Counts{Warnings: 1}, 0, true, command.AnswerNo{}},
		{doctor.Counts{Problems: 1}, 0, false, command.AnswerNo{}},
		{doctor.Counts{Problems: 1}, 1, false, command.AnswerNo{}},
	} {
		if got := outcome(&doctor.Report{Counts: tt.counts, Unseen: tt.unseen}, tt.strict); !errors.Is(got, tt.want) {
			t.Errorf("%+v, %d unseen, strict %t: %v, want %v", tt.counts, tt.unseen, tt.strict, got, tt.want)
		}
	}
	if _, ok := errors.AsType[command.UsageError](outcome(&doctor.Report{Unseen: 1}, false)); !ok {
		t.Error("a report with holes is taken for a good one")
	}
}

// runWith runs a command line with something on standard input.
func runWith(t *testing.T, stdin io.Reader, args []string, stdout, stderr io.Writer) int {
	t.Helper()
	root := rootCommand()
	root.SetIn(stdin)
	return command.Run(t.Context(), root, args, stdout, stderr)
}
