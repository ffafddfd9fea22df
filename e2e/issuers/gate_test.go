package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestExpectLooksAtMoreThanTheStatus(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   bool
	}{
		"200":                          {200, nil, `{"result":{}}`, true},
		"200 with a failure in it":     {200, nil, `{"result":{"isError":true}}`, false},
		"200 with a body of something": {200, nil, `hello`, false},
		"401":                          {401, map[string]string{"WWW-Authenticate": `Bearer resource_metadata="x", error="invalid_token"`}, `{}`, true},
		"401 that does not say why":    {401, map[string]string{"WWW-Authenticate": `Bearer resource_metadata="x"`}, `{}`, false},
		"503":                          {503, map[string]string{"Retry-After": "5"}, `{}`, true},
		"503 without Retry-After":      {503, nil, `{}`, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for key, value := range test.header {
				w.Header().Set(key, value)
			}
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.body)
		}))
		g := &gate{origin: server.URL}
		if err := g.expect(context.Background(), "token", "whoami", test.status); (err == nil) != test.want {
			t.Errorf("%s: %v", name, err)
		}
		if err := g.expect(context.Background(), "token", "whoami", 403); err == nil {
			t.Errorf("%s passes for a 403", name)
		}
		server.Close()
	}
}

func TestReadIsComparedWhole(t *testing.T) {
	one := read{Subject: "a", Client: "c", Groups: []string{"x", "y"}, Roles: nil, Scopes: []string{"s"}}
	if !one.equal(read{Subject: "a", Client: "c", Groups: []string{"y", "x"}, Roles: []string{}, Scopes: []string{"s"}}) {
		t.Error("the order of groups makes a difference")
	}
	for i, other := range []read{
		{Subject: "b", Client: "c", Groups: one.Groups, Scopes: one.Scopes},
		{Subject: "a", Client: "d", Groups: one.Groups, Scopes: one.Scopes},
		{Subject: "a", Client: "c", Groups: one.Groups, Scopes: one.Scopes, Machine: true},
		{Subject: "a", Client: "c", Groups: []string{"x"}, Scopes: one.Scopes},
		{Subject: "a", Client: "c", Groups: one.Groups, Scopes: one.Scopes, Roles: []string{"r"}},
		{Subject: "a", Client: "c", Groups: one.Groups},
	} {
		if one.equal(other) {
			t.Errorf("%d: %+v is the same", i, other)
		}
	}
}

func TestReportCountsAndDecides(t *testing.T) {
	for name, test := range map[string]struct {
		do           func(*report)
		allowMissing bool
		want         bool
	}{
		"all right":            {func(r *report) { r.check("a", nil) }, false, true},
		"one wrong":            {func(r *report) { r.check("a", nil); r.check("b", errors.New("why")) }, true, false},
		"one missing":          {func(r *report) { r.check("a", nil); r.notRun("no Java") }, false, false},
		"one missing, allowed": {func(r *report) { r.check("a", nil); r.notRun("no Java") }, true, true},
		"nothing was run":      {func(*report) {}, true, false},
	} {
		var out bytes.Buffer
		r := &report{out: &out}
		r.begin("keycloak", "1")
		test.do(r)
		if got := r.finish(test.allowMissing); got != test.want {
			t.Errorf("%s: %t\n%s", name, got, out.String())
		}
	}
}

func TestUntilEndsWithTheProcess(t *testing.T) {
	p, err := start(context.Background(), "one", t.TempDir(), nil, "/bin/sh", "-c", "echo a word")
	if err != nil {
		t.Fatal(err)
	}
	never := func(context.Context) error { return errors.New("not yet") }
	if err := p.until(context.Background(), time.Minute, never); err == nil || !strings.Contains(err.Error(), "has ended") || !strings.Contains(err.Error(), "a word") {
		t.Errorf("%v, want that it has ended, with what it wrote", err)
	}
	p.stop()
}

// kc.sh is a script that has Java as a child, and dies without telling it if it is killed.
func TestStopEndsWhatAProcessHasStarted(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo") // it ends when nobody has it open for writing any more
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := start(context.Background(), "one", t.TempDir(), []string{"FIFO=" + fifo}, "/bin/sh", "-c", `sleep 60 >"$FIFO" & wait`)
	if err != nil {
		t.Fatal(err)
	}
	child, err := os.OpenFile(fifo, os.O_RDONLY, 0) // waits for the child
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	p.stop()
	p.stop() // the second time nothing is left to do
	if err := child.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := child.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the child lives on: %v", err)
	}
	(*process)(nil).stop()
}

func TestWithoutDropsVariables(t *testing.T) {
	got := without([]string{"KC_DB=x", "PATH=y", "SALLYPORT_ADDR=z", "NOKC_=1"}, "SALLYPORT_", "KC_")
	if strings.Join(got, " ") != "PATH=y NOKC_=1" {
		t.Errorf("%q", got)
	}
}
