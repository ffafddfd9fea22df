package token_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

const opaque = "sk.opaque-token_1~+/"

// asker is a site whose issuer is asked about opaque tokens.
type asker struct {
	*site
	asked  atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
}

func newAsker(t *testing.T, changes ...change) *asker {
	t.Helper()
	a := &asker{}
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked.Add(1)
		(*a.answer.Load())(w, r)
	}))
	t.Cleanup(endpoint.Close)
	a.site = newSite(t, nil, append([]change{func(c *token.Config) {
		c.Issuers[0].Introspection = &token.Introspection{URL: endpoint.URL, ClientID: "rs 1", ClientSecret: "s:ü+"}
	}}, changes...)...)
	a.says(nil)
	return a
}

// says has the issuer answer with good claims and these changes; nil values remove.
func (a *asker) says(changes map[string]any) {
	claims := a.claims(map[string]any{"active": true, "token_type": "Bearer"})
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		a.t.Fatal(err)
	}
	a.writes(http.StatusOK, "application/json; charset=utf-8", string(body))
}

func (a *asker) writes(status int, kind, body string) {
	f := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
	a.answer.Store(&f)
}

func notCached(c *token.Config) { c.Issuers[0].Introspection.CacheFor = -1 }

func TestIntrospection_Asks(t *testing.T) {
	a := newAsker(t)
	body := `{"active":true,"token_type":"bearer","sub":"alice","client_id":"client-1","scope":"notes:read","aud":["x","` + resource + `"],` +
		fmt.Sprintf(`"iat":%d,"exp":%d,"username":"Alice"}`, now().Unix(), now().Add(time.Minute).Unix())
	check := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.Method != http.MethodPost || user != "rs+1" || password != "s%3A%C3%BC%2B" || r.URL.RawQuery != "" ||
			r.PostFormValue("token") != opaque || r.PostFormValue("token_type_hint") != "access_token" {
			t.Errorf("asked %s %s as %q %q: %v", r.Method, r.URL, user, password, r.PostForm)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	})
	a.answer.Store(&check)
	who := a.accepts("opaque", opaque)
	if who.Subject != "alice" || who.Client != "client-1" || who.Issuer != issuerURL || strings.Join(who.Scopes, " ") != "notes:read" ||
		!who.Issued.Equal(now()) || !who.Expires.Equal(now().Add(time.Minute)) {
		t.Errorf("%+v", who)
	}
	a.accepts("a JWT of the same issuer", a.sign(nil))
	if a.asked.Load() != 1 {
		t.Errorf("asked %d times", a.asked.Load())
	}
}

// TestIntrospection_ReadsStrictly: what is not said in so many words is not so.
func TestIntrospection_ReadsStrictly(t *testing.T) {
	for name, tt := range map[string]struct {
		changes map[string]any
		reason  string
	}{
		"inactive":            {map[string]any{"active": false}, token.ReasonInactive},
		"active is text":      {map[string]any{"active": "true"}, token.ReasonNoIntrospection},
		"active is a number":  {map[string]any{"active": 1}, token.ReasonNoIntrospection},
		"active is missing":   {map[string]any{"active": nil}, token.ReasonNoIntrospection},
		"Active":              {map[string]any{"active": nil, "Active": true}, token.ReasonNoIntrospection},
		"another issuer":      {map[string]any{"iss": issuerURL + "/"}, token.ReasonIssuer},
		"iss is no text":      {map[string]any{"iss": 1}, token.ReasonIssuer},
		"a refresh token":     {map[string]any{"token_type": nil}, token.ReasonKind},
		"a DPoP token":        {map[string]any{"token_type": "DPoP"}, token.ReasonKind},
		"a bound token":       {map[string]any{"cnf": map[string]any{"jkt": "x"}}, token.ReasonKeyBound},
		"an ID token":         {map[string]any{"nonce": "x"}, token.ReasonKind},
		"a Keycloak refresh":  {map[string]any{"typ": "Refresh"}, token.ReasonKind},
		"no audience":         {map[string]any{"aud": nil}, token.ReasonAudience},
		"another audience":    {map[string]any{"aud": "https://other.example"}, token.ReasonAudience},
		"no expiry":           {map[string]any{"exp": nil}, token.ReasonClaims},
		"expired":             {map[string]any{"exp": now().Add(-time.Minute).Unix()}, token.ReasonExpired},
		"no time of issue":    {map[string]any{"iat": nil}, token.ReasonClaims},
		"a long life":         {map[string]any{"exp": now().Add(48 * time.Hour).Unix()}, token.ReasonLifetime},
		"no subject":          {map[string]any{"sub": nil}, token.ReasonSubject},
		"no client":           {map[string]any{"client_id": nil}, token.ReasonClient},
		"a twin of a claim":   {map[string]any{"Sub": "admin"}, token.ReasonNoIntrospection}, // the strict reader refuses it
		"scopes of two kinds": {map[string]any{"scope": []string{"a"}}, token.ReasonClaims},
	} {
		a := newAsker(t, notCached)
		a.says(tt.changes)
		a.refuses(name, opaque, tt.reason)
		a.says(nil)
		if tt.reason != token.ReasonInactive { // which is remembered for a while
			a.accepts(name+", repaired", opaque)
		}
	}
	a := newAsker(t, func(c *token.Config) { c.Issuers[0].Introspection.TolerateMissingTokenType = true })
	a.says(map[string]any{"token_type": nil})
	a.accepts("without token_type, tolerated", opaque)
	a.says(map[string]any{"token_type": "DPoP"})
	a.refuses("of another type all the same", opaque+"2", token.ReasonKind)
}

// TestIntrospection_FailsClosed: what cannot be understood is unavailable, and never a pass.
func TestIntrospection_FailsClosed(t *testing.T) {
	a := newAsker(t, notCached)
	good := `{"active":true}`
	for name, f := range map[string]func(){
		"our credentials": func() { a.writes(http.StatusUnauthorized, "application/json", `{"error":"invalid_client"}`) },
		"broken":          func() { a.writes(http.StatusInternalServerError, "application/json", good) },
		"a page":          func() { a.writes(http.StatusOK, "text/html", good) },
		"no type":         func() { a.writes(http.StatusOK, "", good) },
		"no JSON":         func() { a.writes(http.StatusOK, "application/json", `{"active":true`) },
		"twice":           func() { a.writes(http.StatusOK, "application/json", `{"active":true,"active":false}`) },
		"a list":          func() { a.writes(http.StatusOK, "application/json", `[{"active":true}]`) },
		"much": func() {
			a.writes(http.StatusOK, "application/json", `{"active":true,"x":"`+strings.Repeat("x", 70_000)+`"}`)
		},
		"cut off": func() {
			f := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Length", "1000")
				_, _ = w.Write([]byte(good))
			})
			a.answer.Store(&f)
		},
		"elsewhere": func() {
			good := *a.answer.Load()
			f := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/other" {
					good(w, r)
					return
				}
				http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
			})
			a.answer.Store(&f)
		},
	} {
		f()
		a.refuses(name, opaque, token.ReasonNoIntrospection)
		a.says(nil)
		a.accepts("after "+name, opaque)
	}
	logs := a.logs.String()
	if n := strings.Count(logs, "cannot ask the issuer"); n < 5 || strings.Count(logs, "answers about tokens again") != n {
		t.Errorf("the log tells of %d failures and %d ends", n, strings.Count(logs, "answers about tokens again"))
	}
	if strings.Contains(logs, opaque) || strings.Contains(logs, "s:ü+") || strings.Contains(logs, "s%3A") {
		t.Error("the log holds a secret")
	}
}

func TestIntrospection_Remembers(t *testing.T) {
	a := newAsker(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { a.accepts("at once", opaque) })
	}
	all.Wait()
	a.accepts("later", opaque)
	if n := a.asked.Load(); n != 1 {
		t.Errorf("asked %d times about one token", n)
	}
	a.says(map[string]any{"active": false})
	for range 3 {
		a.refuses("inactive", opaque+"2", token.ReasonInactive)
	}
	if n := a.asked.Load(); n != 2 {
		t.Errorf("asked %d times about an inactive one", n-1)
	}
}

// TestIntrospection_RevokedHere: a revocation is asked about before a remembered answer is believed.
func TestIntrospection_RevokedHere(t *testing.T) {
	list := token.NewRevocations([]string{issuerURL}, 0, 0, now)
	a := newAsker(t, func(c *token.Config) {
		c.Revoked = func(_ context.Context, who authz.Principal) (bool, error) { return list.Revoked(who), nil }
	})
	a.accepts("before", opaque)
	if _, err := list.Add(token.Revocation{Subject: "alice"}); err != nil {
		t.Fatal(err)
	}
	a.refuses("after", opaque, token.ReasonRevoked)
	a.says(map[string]any{"sub": "bob"})
	a.accepts("somebody else", opaque+"2")
}

// TestIntrospection_Flood: as many questions as may be under way, and no more, whatever comes.
func TestIntrospection_Flood(t *testing.T) {
	a := newAsker(t, notCached)
	release := make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"active":false}`))
	})
	a.answer.Store(&slow)
	const callers = 200
	reasons := make(chan string, callers)
	for i := range callers {
		go func() {
			_, err := a.verifier.Verify(context.Background(), fmt.Sprint(opaque, i))
			reasons <- reasonOf(err)
		}()
	}
	for range callers - 64 {
		if reason := <-reasons; reason != token.ReasonNoIntrospection {
			t.Errorf("over the limit: %s", reason)
		}
	}
	close(release)
	for range 64 {
		if reason := <-reasons; reason != token.ReasonInactive {
			t.Errorf("within the limit: %s", reason)
		}
	}
	if n := a.asked.Load(); n != 64 {
		t.Errorf("asked %d times", n)
	}
	a.says(nil)
	a.accepts("afterwards", opaque)
}

// TestIntrospection_EndOfTheRequest: who leaves does not wait, and does not take the answer along.
func TestIntrospection_EndOfTheRequest(t *testing.T) {
	a := newAsker(t)
	began, release := make(chan struct{}), make(chan struct{})
	body, _ := json.Marshal(a.claims(map[string]any{"active": true, "token_type": "Bearer"}))
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-release
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	a.answer.Store(&slow)
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan error)
	go func() { _, err := a.verifier.Verify(ctx, opaque); left <- err }()
	<-began
	cancel()
	if err := <-left; reasonOf(err) != token.ReasonNoIntrospection {
		t.Errorf("who left: %v", err)
	}
	stays := make(chan error)
	go func() { _, err := a.verifier.Verify(context.Background(), opaque); stays <- err }()
	close(release)
	if err := <-stays; err != nil {
		t.Errorf("who stayed: %v", err)
	}
	a.verifier.Close()
	a.refuses("after the end", opaque+"2", token.ReasonNoIntrospection)
}

// TestJ14_EncryptedTokenIsNotOpaque: what is encrypted is refused whole, also where an issuer could be asked about it.
func TestJ14_EncryptedTokenIsNotOpaque(t *testing.T) {
	a := newAsker(t)
	for _, raw := range []string{"eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn", "a.b.c.d.e", "...."} {
		a.refuses(raw, raw, token.ReasonMalformed)
	}
	if a.asked.Load() != 0 {
		t.Error("the issuer was asked")
	}
	a.accepts("with another number of dots", "a.b.c.d")
}

func TestIntrospection_OpaqueOnly(t *testing.T) {
	a := newAsker(t, func(c *token.Config) { c.Issuers[0].Introspection.OpaqueOnly = true })
	a.refuses("a JWT", a.sign(nil), token.ReasonIssuer)
	a.accepts("an opaque token", opaque)
	if err := a.verifier.Ready(); err != nil || len(a.verifier.KeyStates()) != 0 {
		t.Errorf("waits for keys: %v", err)
	}
	plain := newSite(t, nil)
	plain.refuses("nobody to ask", opaque, token.ReasonMalformed)
	plain.accepts("a JWT", plain.sign(nil))
}

// TestIntrospection_BeforeStart: as without keys, nothing is accepted.
func TestIntrospection_BeforeStart(t *testing.T) {
	v, err := token.New(token.Config{Audience: resource, Issuers: []token.Issuer{{
		URL: issuerURL, Introspection: &token.Introspection{URL: "http://127.0.0.1:1", ClientID: "a", ClientSecret: "b"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), opaque); reasonOf(err) != token.ReasonNoIntrospection {
		t.Errorf("before Start: %v", err)
	}
	v.Close()
}

func TestIntrospection_Configuration(t *testing.T) {
	good := token.Introspection{URL: "https://issuer.example/introspect", ClientID: "a", ClientSecret: "b"}
	config := func(list ...token.Introspection) token.Config {
		c := token.Config{Audience: resource}
		for i, n := range list {
			c.Issuers = append(c.Issuers, token.Issuer{URL: fmt.Sprintf("https://i%d.example", i), Alias: fmt.Sprint("i", i), Introspection: &n})
		}
		return c
	}
	for name, tt := range map[string]struct {
		change func(*token.Introspection)
		want   string
	}{
		"plain http":    {func(n *token.Introspection) { n.URL = "http://issuer.example/introspect" }, "URL"},
		"no host":       {func(n *token.Introspection) { n.URL = "https:introspect" }, "URL"},
		"no secret":     {func(n *token.Introspection) { n.ClientSecret = "" }, "ClientID, ClientSecret"},
		"a long memory": {func(n *token.Introspection) { n.CacheFor = time.Hour }, "CacheFor"},
	} {
		bad := good
		tt.change(&bad)
		if _, err := token.New(config(bad)); err == nil || !strings.Contains(err.Error(), "Introspection."+tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := token.New(config(good)); err != nil {
		t.Error(err)
	}
	if _, err := token.New(config(good, good)); err == nil || !strings.Contains(err.Error(), "does not say whose") {
		t.Errorf("two to ask: %v", err)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	n := token.Introspection{URL: "https://i.example", ClientID: "rs", ClientSecret: "hunter2"}
	var logs logBuffer
	slog.New(slog.NewJSONHandler(&logs, nil)).Info("x", "n", n, "s", n.ClientSecret)
	encoded, _ := json.Marshal(n)
	for _, text := range []string{fmt.Sprint(n), fmt.Sprintf("%+v", n), fmt.Sprintf("%#v", n), logs.String(), string(encoded)} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "(secret)") {
			t.Errorf("%s", text)
		}
	}
}
