package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/browsertest"
	"github.com/sallyport-mcp/sallyport/internal/client"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

// person is the browser of a script: somebody named PERSON logs in and allows.
func person() {
	if _, err := browsertest.New(os.Getenv("PERSON")).Open(context.Background(), os.Args[1]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const policy = `
p, role:reader, notes, read, allow
p, role:editor, notes, write, allow
p, role:admin, notes, *, allow
g, role:admin, role:editor
g, role:editor, role:reader
g, user:alice, role:admin
g, user:bob, role:editor
g, user:carol, role:reader
`

type note struct {
	Text  string `json:"text" jsonschema:"what to write, with as many words as it takes to fill a line of a terminal and more"`
	Times int    `json:"times,omitempty"`
}

type written struct {
	Written string `json:"written"`
}

func notes() []tools.Tool {
	write := func(_ context.Context, in note) (written, error) {
		if in.Text == "bad" {
			return written{}, tools.Errorf("this cannot be written")
		}
		return written{strings.Repeat(in.Text, max(in.Times, 1))}, nil
	}
	return []tools.Tool{
		{Name: "list", Description: "List notes.\nAll of them.", Scopes: []string{"notes:read"}, ReadOnly: true,
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) { return "no notes", nil })},
		{Name: "write", Description: "Write a note.", Scopes: []string{"notes:write"}, Handler: tools.Typed(write)},
		{Name: "remove", Description: "Remove a note.", Scopes: []string{"notes:write"}, Permissions: []string{"notes:delete"}, Handler: tools.Typed(write)},
	}
}

func TestClientScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: filepath.Join("testdata", "client"), UpdateScripts: *update, Setup: startServer})
}

// startServer runs a server for a script, which finds its URL in URL and its own home for tokens.
func startServer(env *testscript.Env) error {
	listener := httptest.NewUnstartedServer(nil)
	file := filepath.Join(env.WorkDir, "policy-of-the-server.csv")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		return err
	}
	s, err := server.New(server.Config{
		Name: "notes", Tools: notes(), Addr: listener.Listener.Addr().String(), Policy: file, Stderr: io.Discard, Limits: server.Off,
	})
	if err != nil {
		return err
	}
	if listener.Config.Handler, err = s.Handler("/mcp"); err != nil {
		return err
	}
	listener.Start()
	env.Defer(func() { listener.Close(); s.Close() })
	env.Setenv("URL", listener.URL+"/mcp")
	env.Setenv("SALLYPORT_HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("BROWSER", "person")
	env.Setenv("PERSON", "bob")
	return nil
}

// TestStepUpFor asks a person, and nobody else.
func TestStepUpFor(t *testing.T) {
	refused := &client.Refusal{Door: 1, Scopes: []string{"notes:write"}}
	for _, tt := range []struct {
		how      calling
		attended bool
		answer   string
		yes      bool
	}{
		{calling{}, true, "\n", true}, {calling{}, true, "y\n", true}, {calling{}, true, " YES \n", true},
		{calling{}, true, "n\n", false}, {calling{}, true, "what?\n", false}, {calling{}, true, "", false}, {calling{}, true, "y", false},
		{calling{}, false, "y\n", false}, {calling{object: "-"}, true, "y\n", false},
		{calling{stepUp: true}, false, "n\n", true},
	} {
		var asked bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetIn(strings.NewReader(tt.answer))
		cmd.SetErr(&asked)
		yes, err := tt.how.stepUpFor(cmd, tt.attended)(t.Context(), refused)
		if yes != tt.yes || err != nil {
			t.Errorf("%+v: %v, %v", tt, yes, err)
		}
		question := tt.attended && !tt.how.stepUp && tt.how.object == ""
		if question != strings.Contains(asked.String(), "this needs notes:write. Authorize now? [Y/n]") {
			t.Errorf("%+v: asked %q", tt, &asked)
		}
	}
	if attended(&cobra.Command{}) && os.Getenv("CI") != "" {
		t.Error("there is a person at a machine of tests")
	}
}

func TestWriteContent(t *testing.T) {
	result := &client.Result{Content: []client.Content{
		{Type: "text", Text: "two\nlines\n"}, {Type: "image", MIME: "image/png", Data: "AAAA"}, {Type: "resource_link", URI: "note://1\x1b"},
	}}
	var out, err bytes.Buffer
	if e := (calling{}).write(&out, &err, result); e != nil || err.Len() > 0 {
		t.Errorf("%v, %s", e, &err)
	}
	if want := "two\nlines\n[image image/png, 4 bytes in Base64; --json shows it]\n[resource_link note://1\\x1b]\n"; out.String() != want {
		t.Errorf("%q", &out)
	}
	out.Reset()
	if e := (calling{}).write(&out, &err, &client.Result{Structured: []byte(`{"a":1}`)}); e != nil || out.String() != "{\n  \"a\": 1\n}\n" {
		t.Errorf("%v, %q", e, &out)
	}
	for text, repeated := range map[string]bool{`{"a":1}`: true, "A is 1.": false} {
		if isRepeated(&client.Result{Content: []client.Content{{Type: "text", Text: text}}}) != repeated {
			t.Errorf("%s: not %v", text, repeated)
		}
	}
	total := 2.0
	if line := progressLine(client.Progress{Done: 1, Total: &total, Message: "half\nof it"}); line != "... 1 of 2  half" {
		t.Errorf("%q", line)
	}
}

func TestWriteFarewells(t *testing.T) {
	var out bytes.Buffer
	expires := time.Now().Add(time.Minute)
	bye := client.Farewell{Resource: "https://x.example/mcp", Problem: "it is down", Expires: expires}
	if err := writeFarewells(&out, []string{bye.Resource}, []client.Farewell{bye}); err != nil {
		t.Fatal(err)
	}
	want := "Deleted the tokens for https://x.example/mcp, but they are not revoked: it is down. The last access token ends at " +
		expires.Format(time.TimeOnly) + ".\n"
	if out.String() != want {
		t.Errorf("%q", &out)
	}
}
