package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// watched is a server whose handlers tell what they could reach, and all that it writes.
type watched struct {
	*fixture
	reached map[string]string // by the kind of handler
	log     *journal
	spans   *spans
}

func (w *watched) reach(kind string, values ...any) { w.reached[kind] = from(values...) }

// startWatched has handlers of every kind look around.
func startWatched(t *testing.T, profile token.Profile) *watched {
	t.Helper()
	w := &watched{reached: map[string]string{}, log: new(journal)}
	spans, withSpans := traced()
	w.spans = spans
	w.fixture = start(t, withAdmin, withSpans, func(c *server.Config) {
		c.Issuers = []token.Issuer{{URL: servertest.DefaultIssuer, Profile: profile}}
		c.Logger = slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug - 100}))
		w.declare(c)
	})
	return w
}

func (w *watched) declare(c *server.Config) {
	c.Tools = append(c.Tools, tools.Tool{
		Name: "typed", Description: "Looks.", AnyPrincipal: true,
		Handler: tools.Typed(func(ctx context.Context, in struct{}) (string, error) { w.reach("typed", ctx, in); return "", nil }),
	}, tools.Tool{
		Name: "raw", Description: "Looks.", AnyPrincipal: true,
		Handler: tools.Raw(tools.SchemaFor[struct{}](), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			w.reach("raw", ctx, r)
			return mcp.NewToolResultText(""), nil
		}),
	})
	c.Resources = append(c.Resources, tools.Resource{
		URI: "look://{id}", Name: "look", Description: "Looks.", AnyPrincipal: true,
		Read: func(ctx context.Context, r tools.ResourceRequest) (tools.Contents, error) {
			w.reach("resource", ctx, r)
			return tools.Text(""), nil
		},
		Complete: map[string]tools.CompleteFunc{
			"id": func(ctx context.Context, _ string) ([]string, error) { w.reach("completion", ctx); return nil, nil },
		},
	})
	c.Prompts = append(c.Prompts, tools.Prompt{
		Name: "get", Description: "Looks.", AnyPrincipal: true,
		Get: func(ctx context.Context, arguments map[string]string) ([]tools.Message, error) {
			w.reach("prompt", ctx, arguments)
			return nil, nil
		},
	}, tools.Prompt{
		Name: "raw", Description: "Looks.", AnyPrincipal: true,
		GetRaw: func(ctx context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			w.reach("raw prompt", ctx, r)
			return mcp.NewGetPromptResult("", nil), nil
		},
	})
}

// canaries are claims that no profile names, and headers that mean nothing here.
var (
	canaryClaims = map[string]any{
		"email": "canary-email@example.com", "phone_number": "canary-phone", "address": map[string]any{"street": "canary-street"},
		"name": "canary-name", "custom": []string{"canary-custom"}, "birthdate": "canary-birth",
		"roles": []string{"canary-role"}, "https://example.com/canary-uri": true, "preferred_username": "canary-preferred",
	}
	canaryHeaders = map[string]string{
		"Cookie": "session=canary-cookie", "X-Custom": "canary-header", "Proxy-Authorization": "Basic canary-proxy", "User-Agent": "canary-agent",
		"X-Forwarded-For": "canary-forwarded", "Referer": "http://canary-referer/", "Baggage": "k=canary-baggage",
	}
)

// lookAround has every kind of handler look around, in every revision.
func (w *watched) lookAround(t *testing.T, bearer string, each func(era string, answers []*servertest.Answer)) {
	t.Helper()
	client := w.Client(t, bearer)
	for name, value := range canaryHeaders {
		client = client.With(name, value)
	}
	for era, c := range eras(client) {
		clear(w.reached)
		answers := []*servertest.Answer{
			c.Call("typed", params{}), c.Call("raw", params{}), c.Read("look://x"), c.CompleteResource("look://{id}", "id", ""),
			c.Prompt("get", nil), c.Prompt("raw", nil),
		}
		for _, a := range answers {
			if !a.OK() {
				t.Errorf("%s: %v", era, a)
			}
		}
		want := []string{"completion", "prompt", "raw", "raw prompt", "resource", "typed"}
		if got := slices.Sorted(maps.Keys(w.reached)); !slices.Equal(got, want) {
			t.Fatalf("%s: %v looked around, want %v", era, got, want)
		}
		each(era, answers)
	}
}

// TestL08_ClaimsReachToolsByName puts canaries into claims and headers and looks for them in all that handlers can
// reach. What the profile of the issuer names is there.
func TestL08_ClaimsReachToolsByName(t *testing.T) {
	for name, c := range map[string]struct {
		profile token.Profile
		seen    []string // besides the subject, client, scopes, groups and ids
	}{
		"default":              {token.Profile{}, nil},
		"roles are named":      {token.Profile{RolesClaim: "roles"}, []string{"canary-role"}},
		"e-mail is the name":   {token.Profile{EmailSubject: true}, []string{"canary-email@example.com"}},
		"another subject":      {token.Profile{SubjectClaim: "preferred_username"}, []string{"canary-preferred"}},
		"groups by their name": {token.Profile{GroupsClaim: "custom"}, []string{"canary-custom"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWatched(t, c.profile)
			bearer := w.Token(t, servertest.Caller{
				Subject: "bob", Client: "seen-client", Groups: []string{"seen-group"}, Claims: merged(canaryClaims, params{"email_verified": true, "sid": "seen-sid"}),
			}, "seen:scope")
			w.lookAround(t, bearer, func(era string, _ []*servertest.Answer) {
				for kind, text := range w.reached {
					for _, part := range strings.Split(bearer, ".") {
						if strings.Contains(text, part) {
							t.Errorf("%s: a %s handler reaches a part of the token", era, kind)
						}
					}
					found := canariesIn(text)
					if !slices.Equal(found, c.seen) {
						t.Errorf("%s: a %s handler reaches %v, want %v", era, kind, found, c.seen)
					}
					for _, named := range []string{"seen-client", "seen:scope", "seen-sid"} {
						if !strings.Contains(text, named) {
							t.Errorf("%s: a %s handler does not reach %s: nothing was looked at", era, kind, named)
						}
					}
				}
			})
		})
	}
}

// canariesIn returns the canaries that a text holds, sorted.
func canariesIn(text string) []string {
	var found []string
	for _, v := range canaryClaims {
		for word := range strings.FieldsFuncSeq(fmt.Sprint(v), func(r rune) bool { return strings.ContainsRune("[]: ", r) }) {
			if strings.Contains(word, "canary") && strings.Contains(text, word) {
				found = append(found, word)
			}
		}
	}
	for _, v := range canaryHeaders {
		if _, word, _ := strings.Cut(v, "canary"); strings.Contains(text, "canary"+word) {
			found = append(found, "canary"+word)
		}
	}
	if strings.Contains(text, "canary-uri") {
		found = append(found, "canary-uri")
	}
	slices.Sort(found)
	return found
}

// TestL08_ClaimsAreWrittenNowhere looks for the canaries in everything that leaves the process: answers, log, audit,
// metrics and traces.
func TestL08_ClaimsAreWrittenNowhere(t *testing.T) {
	w := startWatched(t, token.Profile{})
	bearer := w.Token(t, servertest.Caller{Subject: "bob", Claims: merged(canaryClaims, params{"sid": "canary-sid"})})
	written := new(strings.Builder)
	w.lookAround(t, bearer, func(_ string, answers []*servertest.Answer) {
		for _, a := range answers {
			written.WriteString(flatten(a))
		}
	})
	bob := w.Client(t, bearer)
	for _, a := range []*servertest.Answer{bob.Call("secret", nil), bob.Call("panics", nil), bob.Call("whoami", nil), bob.Call("nothing", nil), bob.SendRaw(nil, []byte("{"))} {
		written.WriteString(flatten(a))
	}
	_, metrics := w.scrape(t)
	written.WriteString(metrics)
	for range 20 { // of what was sent
		span := w.spans.next(t)
		fmt.Fprintf(written, "%+v %v\n", span.Attributes(), span.Name())
	}
	audit := strings.Join(w.Records(t, 20), "\n")
	for where, text := range map[string]string{"an answer, the metrics or a span": written.String(), "the audit": audit, "the log": w.log.String()} {
		if strings.Contains(text, "canary") {
			t.Errorf("%s holds a canary:\n%s", where, text)
		}
		for _, part := range strings.Split(bearer, ".") {
			if strings.Contains(text, part) {
				t.Errorf("%s holds a part of the token", where)
			}
		}
	}
	who := authz.Principal{Subject: "bob"}
	if !strings.Contains(written.String(), who.String()) || !strings.Contains(audit, `"subject":"bob"`) {
		t.Error("nothing was written of who called either")
	}
}
