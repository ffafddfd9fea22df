package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/issuertest"
)

// world is two verifiers that differ in nothing but the cache, and all that their
// answers depend on. Nothing runs in the background: keys change when it says so.
type world struct {
	t             *testing.T
	rand          *rand.Rand
	cached, plain *Verifier
	issuers       []*issuertest.Issuer
	keys          []issuertest.Key
	clock         time.Time
	revoked       map[string]bool
	broken        bool // revocations cannot be had
	tokens        []string
	seen          map[string]int // how often each outcome was that of a remembered token
}

const worldAudience = "https://mcp.example/mcp"

func newWorld(t *testing.T, seed uint64, keys []issuertest.Key) *world {
	t.Helper()
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 0)), keys: keys, clock: time.Unix(1_800_000_000, 0),
		revoked: map[string]bool{}, seen: map[string]int{},
	}
	config := Config{
		Audience: worldAudience,
		Logger:   slog.New(slog.DiscardHandler),
		Now:      func() time.Time { return w.clock },
		Revoked: func(_ context.Context, who authz.Principal) (bool, error) {
			if w.broken {
				return false, errors.New("out of reach")
			}
			return w.revoked[who.TokenID], nil
		},
	}
	for _, alias := range []string{"one", "two"} {
		is := issuertest.New("https://" + alias + ".example")
		w.issuers = append(w.issuers, is)
		config.Issuers = append(config.Issuers, Issuer{URL: is.URL(), Alias: alias, Keys: is.JWKS, Profile: Profile{RolesClaim: "roles"}})
	}
	w.cached, w.plain = w.verifier(config, 24), w.verifier(config, NoCache)
	for _, is := range w.issuers {
		w.publish(is)
	}
	for range 30 {
		w.tokens = append(w.tokens, w.mint())
	}
	return w
}

func (w *world) verifier(c Config, size int) *Verifier {
	c.CacheSize = size
	v, err := New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, is := range v.issuers {
		close(is.keys.stopped) // nobody waits for a fetch that does not come
	}
	return v
}

// publish gives an issuer one to three keys, sometimes the ones it had in another form.
func (w *world) publish(is *issuertest.Issuer) {
	var list []issuertest.Key
	for _, i := range w.rand.Perm(len(w.keys))[:1+w.rand.IntN(3)] {
		k := w.keys[i]
		if w.rand.IntN(4) == 0 {
			k.Members = map[string]any{"note": fmt.Sprint(w.rand.IntN(2))}
		}
		list = append(list, k)
	}
	is.SetKeys(list...)
	w.refresh(is)
}

func (w *world) refresh(is *issuertest.Issuer) {
	for _, v := range []*Verifier{w.cached, w.plain} {
		v.issuers[is.URL()].keys.refresh(context.Background())
	}
}

// age makes an issuer's keys older.
func (w *world) age(is *issuertest.Issuer, by time.Duration) {
	for _, v := range []*Verifier{w.cached, w.plain} {
		keys := v.issuers[is.URL()].keys
		set := keys.current.Load()
		if set == nil {
			continue // the first keys were not fit for use
		}
		older := *set
		older.began = older.began.Add(-by)
		keys.current.Store(&older)
	}
}

func (w *world) pick(list ...any) any { return list[w.rand.IntN(len(list))] }

// mint signs a token, more often good than not.
func (w *world) mint() string {
	is := w.issuers[w.rand.IntN(len(w.issuers))]
	claims := is.Claims(worldAudience, "alice", "client", "notes:read notes:write", w.clock)
	iat := w.clock.Add(time.Duration(w.rand.IntN(90)-45) * time.Second).Unix()
	claims["iat"], claims["exp"] = iat, iat+int64(w.rand.IntN(400))
	claims["jti"] = fmt.Sprint(w.rand.IntN(20))
	if w.rand.IntN(3) == 0 {
		claims["nbf"] = iat + int64(w.rand.IntN(60))
	}
	if w.rand.IntN(3) == 0 {
		claims["groups"] = w.pick([]string{}, []string{"a", "b"}, []string{"c"})
		claims["roles"] = w.pick([]string{}, []string{"r"})
	}
	if w.rand.IntN(10) == 0 {
		claims[w.pick("aud", "cnf", "sub", "iss").(string)] = w.pick(worldAudience, "x", map[string]any{}, "https://two.example")
	}
	header := map[string]any{}
	if w.rand.IntN(4) == 0 {
		header["kid"] = nil
	}
	k := w.keys[w.rand.IntN(len(w.keys))]
	if w.rand.IntN(6) > 0 {
		k = is.Key() // one that is published now
	}
	return k.Sign(claims, header)
}

// bent returns raw with one character replaced.
func (w *world) bent(raw string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := []byte(raw)
	b[w.rand.IntN(len(b))] = alphabet[w.rand.IntN(len(alphabet))]
	return string(b)
}

func (w *world) step() string {
	is := w.issuers[w.rand.IntN(len(w.issuers))]
	switch n := w.rand.IntN(100); {
	case n < 8:
		w.tokens[w.rand.IntN(len(w.tokens))] = w.mint()
		return "mint"
	case n < 16:
		w.clock = w.clock.Add(time.Duration(w.rand.IntN(100)-47) * time.Second)
		return "clock " + w.clock.String()
	case n < 17:
		w.publish(is)
		return "publish " + is.URL()
	case n < 18:
		w.age(is, time.Duration(w.rand.IntN(100))*time.Minute)
		return "age " + is.URL()
	case n < 22:
		w.refresh(is)
		return "refresh " + is.URL()
	case n < 25:
		id := fmt.Sprint(w.rand.IntN(20))
		w.revoked[id] = !w.revoked[id]
		return "revoke " + id
	case n < 26:
		w.broken = w.rand.IntN(4) == 0
		return fmt.Sprint("revocations broken: ", w.broken)
	case n < 27:
		w.cached.cache.sweep(w.clock)
		return "sweep"
	case n < 35:
		return w.ask("bent", w.bent(w.tokens[w.rand.IntN(len(w.tokens))]))
	}
	return w.ask("ask", w.tokens[w.rand.IntN(len(w.tokens))])
}

// ask compares the two verifiers' answers to one token.
func (w *world) ask(what, raw string) string {
	w.t.Helper()
	known := w.cached.cache.get(digestOf(raw)) != nil
	got, gotErr := w.cached.Verify(w.t.Context(), raw)
	want, wantErr := w.plain.Verify(w.t.Context(), raw)
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("%s: principal (-without cache +with):\n%s", what, diff)
	}
	if diff := cmp.Diff(describe(wantErr), describe(gotErr)); diff != "" {
		w.t.Errorf("%s: answer (-without cache +with):\n%s", what, diff)
	}
	if known {
		w.seen[describe(gotErr)]++
	}
	// What a caller does to its own lists is its own business.
	for _, list := range [][]string{got.Groups, got.Roles, got.Scopes} {
		for i := range list {
			list[i] = "overwritten"
		}
		_ = append(list, "overwritten")
	}
	return what + " -> " + describe(wantErr)
}

func describe(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%v, unavailable %v, retry after %v", e, e.Unavailable(), e.RetryAfter())
}

// TestCacheChangesNoAnswer asks two verifiers the same questions while clock, keys
// and revocations change. Their answers must be the same, always.
func TestCacheChangesNoAnswer(t *testing.T) {
	keys := []issuertest.Key{
		issuertest.NewKey("a", "ES256"), issuertest.NewKey("a", "ES256"), issuertest.NewKey("b", "ES256"),
		issuertest.NewKey("a", "EdDSA"), issuertest.NewKey("", "EdDSA"), issuertest.NewKey("", "ES256"),
	}
	total := map[string]int{}
	for seed := range uint64(4) {
		w := newWorld(t, seed, keys)
		var history []string
		for range 4000 {
			history = append(history, w.step())
			if t.Failed() {
				t.Fatalf("seed %d, step %d; the last steps: %q", seed, len(history), history[max(0, len(history)-10):])
			}
		}
		for outcome, n := range w.seen {
			total[outcome] += n
		}
	}
	// The comparison is worth nothing unless remembered tokens met all of this.
	for _, outcome := range []error{
		nil, refuse(ReasonExpired), refuse(ReasonNotYetValid), refuse(ReasonFuture), refuse(ReasonRevoked), refuse(ReasonKeyUnknown),
		refuse(ReasonKeyMismatch), refuse(ReasonSignature), unavailable(ReasonNoKeys), unavailable(ReasonNoRevocations),
	} {
		if total[describe(outcome)] == 0 {
			t.Errorf("no remembered token met: %s", describe(outcome))
		}
	}
	t.Logf("answers to remembered tokens: %v", total)
}
