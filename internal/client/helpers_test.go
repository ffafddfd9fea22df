package client

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/internal/browsertest"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is the time of a test, for both sides.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// notebook is a server like the notes example, with its embedded authorization server.
type notebook struct {
	url    string
	clock  *clock
	server *server.Server
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

func startNotebook(t *testing.T) *notebook {
	t.Helper()
	n := &notebook{clock: &clock{at: time.Now().Truncate(time.Second)}}
	listener := httptest.NewUnstartedServer(nil)
	origin := "http://" + listener.Listener.Addr().String()
	n.url = origin + "/mcp"
	file := filepath.Join(t.TempDir(), "policy.csv")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{
		Name: "notes", Tools: notesTools(), Addr: listener.Listener.Addr().String(), Policy: file,
		Now: n.clock.now, Stderr: io.Discard, Limits: server.Off,
	})
	if err != nil {
		t.Fatal(err)
	}
	n.server = s
	if listener.Config.Handler, err = s.Handler("/mcp"); err != nil {
		t.Fatal(err)
	}
	listener.Start()
	t.Cleanup(func() { listener.Close(); s.Close() })
	return n
}

type typed struct {
	Text  string `json:"text,omitempty" jsonschema:"what to write"`
	Shelf string `json:"shelf,omitempty" header:"Shelf"`
	Times int    `json:"times,omitempty" header:"Times"`
}

type echoed struct {
	Text string `json:"text"`
}

func notesTools() []tools.Tool {
	echo := func(name, scope string, permissions ...string) tools.Tool {
		return tools.Tool{
			Name: name, Description: "Do " + name + ".\nMore of it.", Scopes: []string{scope}, Permissions: permissions, ReadOnly: scope == "notes:read",
			Handler: tools.Typed(func(_ context.Context, in typed) (echoed, error) {
				if in.Text == "bad" {
					return echoed{}, tools.Errorf("this is no text")
				}
				return echoed{fmt.Sprint(name, " ", in.Text, in.Shelf, in.Times)}, nil
			}),
		}
	}
	return []tools.Tool{
		echo("notes_search", "notes:read"), echo("notes_create", "notes:write"), echo("notes_delete", "notes:write", "notes:delete"),
		{
			Name: "slow", Description: "Say how far it is.", Scopes: []string{"notes:read"}, ReadOnly: true,
			Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
				tools.Progress(ctx, 1, 2, "half of it")
				return "done", nil
			}),
		},
	}
}

// screen is what a person reads and does.
type screen struct {
	t     *testing.T
	mu    sync.Mutex
	lines []string
	pages []string // the last page of each login
	busy  sync.WaitGroup
}

func (p *screen) tell(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
}

func (p *screen) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// as is a browser in which somebody logs in by name and allows.
func (p *screen) as(name string) func(context.Context, string) error {
	return func(ctx context.Context, address string) error {
		p.busy.Go(func() {
			page, err := browsertest.New(name).Open(context.WithoutCancel(ctx), address)
			if err != nil {
				p.tell("browser: " + err.Error())
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.pages = append(p.pages, page)
		})
		return nil
	}
}

// newClient returns a client at a terminal, whose browser is somebody's.
func newClient(t *testing.T, clock *clock, home, name string) (*Client, *screen) {
	t.Helper()
	p := &screen{t: t}
	cfg := Config{Home: home, Tell: p.tell, Open: p.as(name), LoginTime: 20 * time.Second}
	if clock != nil {
		cfg.Now = clock.now
	}
	c := New(cfg)
	t.Cleanup(func() { p.busy.Wait(); c.Close() })
	return c, p
}

// loggedIn returns a client with these scopes.
func loggedIn(t *testing.T, n *notebook, name string, scopes ...string) (*Client, *screen) {
	t.Helper()
	c, p := newClient(t, n.clock, t.TempDir(), name)
	if _, err := c.Login(t.Context(), LoginRequest{URL: n.url, Scopes: scopes}); err != nil {
		t.Fatal(err)
	}
	return c, p
}

// held returns what the file holds about a server.
func held(t *testing.T, c *Client, resource string) entry {
	t.Helper()
	all, err := c.store.read()
	if err != nil {
		t.Fatal(err)
	}
	return all[resource]
}

// call calls a tool and returns the text of its answer.
func call(t *testing.T, c *Client, asked CallRequest) (string, error) {
	t.Helper()
	result, err := c.Call(t.Context(), asked)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, block := range result.Content {
		texts = append(texts, block.Text)
	}
	return strings.Join(texts, "\n"), nil
}

// wantError fails unless an error says all of it.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one of %q", parts)
		return
	}
	if i := slices.IndexFunc(parts, func(part string) bool { return !strings.Contains(err.Error(), part) }); i >= 0 {
		t.Errorf("%v\nlacks %q", err, parts[i])
	}
}
