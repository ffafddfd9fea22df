package token_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// newRemoteSite is newSite in a bubble of synctest, with an issuer that is asked
// over HTTP in memory. The clock is the bubble's.
func newRemoteSite(t *testing.T, fault issuertest.Fault) *site {
	t.Helper()
	s := &site{t: t, issuer: issuertest.New(issuerURL), logs: &logBuffer{}}
	s.issuer.Break(fault, "")
	config := token.Config{
		Audience: resource, Issuers: []token.Issuer{{URL: issuerURL}}, HTTPClient: s.issuer.Client(),
		Logger: slog.New(slog.NewJSONHandler(s.logs, nil)),
	}
	verifier, err := token.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.verifier = verifier
	verifier.Start(t.Context())
	t.Cleanup(verifier.Close)
	synctest.Wait()
	return s
}

// long returns a token that is good for a day from now.
func (s *site) long(header map[string]any) string {
	at := time.Now()
	claims := s.issuer.Claims(resource, "alice", "client-1", "notes:read", at)
	claims["exp"] = at.Add(24 * time.Hour).Unix()
	return s.issuer.Sign(claims, header)
}

func (s *site) keyRequests() int {
	_, n := s.issuer.Requests()
	return n
}

func (s *site) unavailable(name, raw string) {
	s.t.Helper()
	s.refuses(name, raw, token.ReasonNoKeys)
	_, err := s.verifier.Verify(context.Background(), raw)
	var e *token.Error
	if !errors.As(err, &e) || !e.Unavailable() || e.RetryAfter() != 5*time.Second {
		s.t.Errorf("%s: %v is not unavailable for 5 s", name, err)
	}
	if s.verifier.Ready() == nil {
		s.t.Errorf("%s: ready without keys", name)
	}
}

func TestJ52_UnknownKeyFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRemoteSite(t, issuertest.FaultNone)
		good := s.long(nil)
		s.accepts("before", good)
		before := s.keyRequests()
		start := time.Now()
		signature := good[strings.LastIndex(good, "."):]
		claims := strings.Split(good, ".")[1]
		for i := range 10_000 {
			unknown := encode(fmt.Sprintf(`{"typ":"at+jwt","alg":"ES256","kid":"%d"}`, i)) + "." + claims + signature
			s.refuses("unknown", unknown, token.ReasonKeyUnknown)
			if i%100 == 0 {
				s.accepts("good", good)
			}
			time.Sleep(10 * time.Millisecond)
		}
		// 100 s: at 0 s, 30 s, 60 s, 90 s.
		if n := s.keyRequests() - before; n != 4 {
			t.Errorf("%d fetches in %v, want 4", n, time.Since(start))
		}
		s.accepts("after", good)
	})
}

func TestJ53_BadSignatureFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRemoteSite(t, issuertest.FaultNone)
		good := s.long(nil)
		stranger := issuertest.NewKey("es256", "ES256")
		bad := stranger.Sign(s.issuer.Claims(resource, "alice", "client-1", "", time.Now()), nil)
		before := s.keyRequests()
		for range 1000 {
			s.refuses("bad signature", bad, token.ReasonSignature)
			s.refuses("another algorithm", s.long(map[string]any{"alg": "EdDSA"}), token.ReasonKeyMismatch)
		}
		s.refuses("no key id", stranger.Sign(s.issuer.Claims(resource, "alice", "client-1", "", time.Now()), map[string]any{"kid": nil}), token.ReasonSignature)
		if n := s.keyRequests() - before; n != 0 {
			t.Errorf("%d fetches, want none", n)
		}
		s.accepts("repaired", good)
	})
}

func TestJ54_RemovedKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRemoteSite(t, issuertest.FaultNone)
		old := s.long(nil)
		s.accepts("before", old)
		time.Sleep(time.Second)
		s.issuer.SetKeys(issuertest.NewKey("next", "ES256"))
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if n := s.keyRequests(); n != 2 {
			t.Errorf("%d fetches, want one at the start and one in the background", n)
		}
		s.refuses("removed", old, token.ReasonKeyUnknown)
		s.accepts("repaired", s.long(nil))
	})
}

func TestJ55_PoisonedKeys(t *testing.T) {
	for _, fault := range []issuertest.Fault{
		issuertest.FaultEmpty, issuertest.FaultEmptyObject, issuertest.FaultHTML, issuertest.FaultTruncated, issuertest.FaultDuplicate,
		issuertest.FaultDown, issuertest.FaultHang, issuertest.FaultOtherIssuer,
	} {
		t.Run(string(fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRemoteSite(t, issuertest.FaultNone)
				good := s.long(nil)
				time.Sleep(time.Second)
				s.issuer.Break(fault, "")
				for range 11 {
					time.Sleep(5 * time.Minute)
					s.accepts("last good keys", good)
				}
				if err := s.verifier.Ready(); err != nil {
					t.Errorf("not ready: %v", err)
				}
				time.Sleep(5*time.Minute + 10*time.Second)
				s.unavailable("past the limit", good)
				s.issuer.Break(issuertest.FaultNone, "")
				time.Sleep(10 * time.Second) // a hanging fetch and the next one
				synctest.Wait()
				s.accepts("repaired", good)
				if n := strings.Count(s.logs.String(), "cannot get"); n != 1 {
					t.Errorf("%d warnings for one outage: %s", n, s.logs)
				}
				if !strings.Contains(s.logs.String(), "again") || s.verifier.Ready() != nil {
					t.Errorf("no return to normal: %s", s.logs)
				}
			})
		})
	}
}

func TestJ56_DownAtStart(t *testing.T) {
	for _, fault := range []issuertest.Fault{issuertest.FaultDown, issuertest.FaultHang} {
		t.Run(string(fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRemoteSite(t, fault)
				good := s.long(nil)
				s.unavailable("at the start", good)
				s.unavailable("with an unknown key", s.long(map[string]any{"kid": "other"}))
				for range 10 {
					before, _ := s.issuer.Requests()
					time.Sleep(5*time.Second + time.Millisecond)
					if after, _ := s.issuer.Requests(); after == before {
						t.Error("no retry within 5 s")
					}
				}
				s.unavailable("later", good)
				s.issuer.Break(issuertest.FaultNone, "")
				time.Sleep(5 * time.Second)
				synctest.Wait()
				s.accepts("repaired", good)
			})
		})
	}
}

func TestJ56_Flapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRemoteSite(t, issuertest.FaultNone)
		good := s.long(nil)
		for range 20 {
			s.issuer.Break(issuertest.FaultDown, "")
			time.Sleep(20 * time.Minute)
			s.accepts("down", good)
			s.issuer.Break(issuertest.FaultNone, "")
			time.Sleep(20 * time.Minute)
			s.accepts("up", good)
		}
	})
}

func TestJ58_Rotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRemoteSite(t, issuertest.FaultNone)
		first, second := s.issuer.Key(), issuertest.NewKey("second", "ES256")
		old := s.long(nil)
		time.Sleep(time.Second)
		s.issuer.SetKeys(second, first)
		fresh := s.long(nil)
		var callers sync.WaitGroup
		for i := range 1000 {
			callers.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond / 10)
				s.accepts("new", fresh)
				s.accepts("old", old)
			})
		}
		callers.Wait()
		if n := s.keyRequests(); n != 2 {
			t.Errorf("%d fetches, want one at the start and one for the new key", n)
		}
		s.issuer.SetKeys(second)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		s.accepts("new, after the removal", fresh)
		s.refuses("old, after the removal", old, token.ReasonKeyUnknown)
	})
}

func TestUnknownKeyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRemoteSite(t, issuertest.FaultNone)
		s.issuer.SetKeys(issuertest.NewKey("next", "ES256"))
		next := s.long(nil)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s.issuer.Break(issuertest.FaultHang, "")
		start := time.Now()
		if _, err := s.verifier.Verify(ctx, next); reasonOf(err) != token.ReasonKeyUnknown || time.Since(start) != time.Second {
			t.Errorf("%v after %v, want the end of the context", err, time.Since(start))
		}
		start = time.Now()
		s.refuses("joins the fetch", next, token.ReasonKeyUnknown)
		if waited := time.Since(start); waited != 4*time.Second {
			t.Errorf("waited %v for the fetch under way, want 4 s", waited)
		}

		// While the issuer hangs, fetches follow each other without a pause, so
		// the one that is asked for starts only after the one under way.
		time.Sleep(31 * time.Second)
		start = time.Now()
		s.refuses("waits no longer than 5 s", next, token.ReasonKeyUnknown)
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("waited %v, want 5 s", waited)
		}
		s.issuer.Break(issuertest.FaultNone, "")
		time.Sleep(10 * time.Second)
		s.accepts("repaired", next)

		s.verifier.Close()
		start = time.Now()
		time.Sleep(31 * time.Second)
		s.refuses("nobody fetches any more", s.long(map[string]any{"kid": "other"}), token.ReasonKeyUnknown)
		if waited := time.Since(start); waited != 31*time.Second {
			t.Errorf("waited %v after Close", waited-31*time.Second)
		}
	})
}

func TestStartAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := issuertest.New(issuerURL)
		c := token.Config{Audience: resource, Issuers: []token.Issuer{{URL: issuerURL}}, HTTPClient: issuer.Client()}
		unstarted, err := token.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unstarted.Verify(t.Context(), issuer.Sign(issuer.Claims(resource, "a", "c", "", time.Now()), nil)); reasonOf(err) != token.ReasonNoKeys {
			t.Errorf("before Start: %v", err)
		}
		unstarted.Close()
		unstarted.Start(t.Context())
		synctest.Wait()
		if metadata, _ := issuer.Requests(); metadata != 0 || unstarted.Ready() == nil {
			t.Error("Start after Close fetched")
		}
		twice, err := token.New(c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		twice.Start(ctx)
		twice.Start(ctx)
		synctest.Wait()
		if metadata, keys := issuer.Requests(); metadata != 1 || keys != 1 || twice.Ready() != nil {
			t.Errorf("%d and %d requests for one start, ready: %v", metadata, keys, twice.Ready())
		}
		cancel()
		twice.Close()
	})
}

func TestKeysOfThisProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := issuertest.New("http://127.0.0.1:8080")
		answers := []func() ([]byte, error){
			func() ([]byte, error) { panic("secret") },
			func() ([]byte, error) { return nil, errors.New("not yet") },
			func() ([]byte, error) { return []byte(`{"keys":[]}` + strings.Repeat(" ", 1<<20)), nil },
			func() ([]byte, error) { return []byte(`{"keys":{}}`), nil },
			func() ([]byte, error) { return []byte(`{"keys":[null,1,"x",[]]}`), nil },
			func() ([]byte, error) { return issuer.JWKS(context.Background()) },
		}
		var asked atomic.Int64
		logs := &logBuffer{}
		v, err := token.New(token.Config{
			Audience: resource, Logger: slog.New(slog.NewTextHandler(logs, nil)),
			Issuers: []token.Issuer{{URL: issuer.URL(), Keys: func(context.Context) ([]byte, error) {
				return answers[min(int(asked.Add(1)), len(answers))-1]()
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		v.Start(t.Context())
		t.Cleanup(v.Close)
		if asked.Load() != 1 || v.Ready() == nil {
			t.Fatalf("asked %d times when Start returned, ready: %v", asked.Load(), v.Ready())
		}
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if err := v.Ready(); err != nil {
			t.Errorf("after %d answers: %v", asked.Load(), err)
		}
		for _, want := range []string{"panic: string", "not yet", "over 1 MB", "without an array", "without a usable key"} {
			if !strings.Contains(logs.String(), want) {
				t.Errorf("log lacks %q: %s", want, logs)
			}
		}
		if strings.Contains(logs.String(), "secret") {
			t.Error("the log holds what a panic said")
		}
		if _, err := v.Verify(t.Context(), issuer.Sign(issuer.Claims(resource, "a", "c", "", time.Now()), nil)); err != nil {
			t.Error(err)
		}
	})
}

func TestRefusedKeysAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRemoteSite(t, issuertest.FaultNone)
		s.issuer.SetKeys(s.issuer.Key(), with(issuertest.NewKey("enc", "ES256"), map[string]any{"use": "enc"}))
		time.Sleep(time.Hour)
		if log := s.logs.String(); strings.Count(log, "key refused") != 1 || !strings.Contains(log, `"level":"INFO"`) {
			t.Errorf("log: %s", log)
		}
	})
}
