package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// retryInterval is the longest time from one failed fetch to the next one.
	retryInterval = 5 * time.Second
	// fetchTimeout ends a fetch, metadata and keys together. A fetch that hangs
	// is followed by the next at once, so it is no longer than retryInterval.
	fetchTimeout = 5 * time.Second
	// triggerInterval is the shortest time between fetches for unknown key ids.
	triggerInterval = 30 * time.Second
	// maxWait is how long a request waits for a fetch it triggered.
	maxWait = 5 * time.Second
)

// keys holds one issuer's key set and keeps it fresh. One goroutine fetches;
// requests only read, and ask it for a fetch within the bounds of await.
type keys struct {
	issuer      string
	fetch       func(context.Context) ([]byte, error)
	algorithms  []string
	ttl, maxAge time.Duration
	log         *slog.Logger

	current atomic.Pointer[keySet]
	wake    chan struct{} // has room for the one fetch that can be asked for
	stopped chan struct{} // closed when nobody fetches any more

	mu     sync.Mutex
	asked  time.Time     // when a request last asked for a fetch
	flight chan struct{} // closed when that fetch is over; nil if none is under way

	failing string       // the last fetch's error; for the fetching goroutine only
	alarmed []refusedKey // the refused keys that were last logged; likewise
}

// find returns the key for a token. If its id is new, a fetch may find it.
func (k *keys) find(ctx context.Context, kid, alg string) (*key, error) {
	set := k.usable()
	if set == nil {
		return nil, unavailable(ReasonNoKeys)
	}
	found, err := set.find(kid, alg)
	if isReason(err, ReasonKeyUnknown) && k.await(ctx) {
		found, err = k.current.Load().find(kid, alg)
	}
	return found, err
}

// usable returns the current key set unless it is too old.
func (k *keys) usable() *keySet {
	set := k.current.Load()
	if set == nil || time.Since(set.began) > k.maxAge {
		return nil
	}
	return set
}

// await waits for a fetch that requests asked for, and reports whether it came to
// an end. It asks for one if none is under way and the last is long enough ago.
func (k *keys) await(ctx context.Context) bool {
	flight := k.ask()
	if flight == nil {
		return false
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-flight:
		return true
	case <-timer.C:
	case <-ctx.Done():
	case <-k.stopped:
	}
	return false
}

func (k *keys) ask() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.flight != nil {
		return k.flight
	}
	if !k.asked.IsZero() && time.Since(k.asked) < triggerInterval {
		return nil
	}
	k.asked = time.Now()
	k.flight = make(chan struct{})
	k.wake <- struct{}{}
	return k.flight
}

// landed tells the requests that wait that their fetch is over.
func (k *keys) landed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.flight)
	k.flight = nil
}

// run fetches until ctx ends: the first time after delay.
func (k *keys) run(ctx context.Context, delay time.Duration) {
	defer close(k.stopped)
	for {
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			delay = k.refresh(ctx)
		case <-k.wake:
			timer.Stop()
			delay = k.refresh(ctx)
			k.landed()
		}
	}
}

// refresh fetches once and returns when to do so again.
func (k *keys) refresh(ctx context.Context) time.Duration {
	began := time.Now()
	set, err := k.load(ctx)
	if err != nil {
		k.logFailure(ctx, err)
		// Jitter keeps replicas apart; it only ever shortens the wait.
		return max(0, jitter(retryInterval)-time.Since(began))
	}
	set.began = began
	k.current.Store(set)
	k.logSuccess(set)
	// Leaves a fifth of the time to a fetch that fails.
	return jitter(k.ttl * 4 / 5)
}

// jitter returns between three quarters of d and d.
func jitter(d time.Duration) time.Duration {
	return d - rand.N(d/4+1) //nolint:gosec // G404: spreads load, is no secret
}

// load fetches and reads the keys. A panic in Issuer.Keys is one more failure.
func (k *keys) load(ctx context.Context) (*keySet, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	var body []byte
	err := protect(func() error {
		var err error
		body, err = k.fetch(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, errors.New("JWK set over 1 MB")
	}
	return parseKeySet(body, k.algorithms)
}

func (k *keys) logFailure(ctx context.Context, err error) {
	if ctx.Err() != nil || err.Error() == k.failing {
		return
	}
	k.failing = err.Error()
	k.log.Warn("token: cannot get the issuer's keys; trying again", "issuer", k.issuer, "error", k.failing,
		"have_keys", k.usable() != nil)
}

func (k *keys) logSuccess(set *keySet) {
	if k.failing != "" {
		k.log.Info("token: got the issuer's keys again", "issuer", k.issuer)
		k.failing = ""
	}
	if slices.Equal(set.refused, k.alarmed) {
		return
	}
	k.alarmed = set.refused
	for _, r := range set.refused {
		level := slog.LevelInfo
		if r.alarm {
			level = slog.LevelError
		}
		k.log.Log(context.Background(), level, "token: key refused", "issuer", k.issuer, "kid", r.id, "reason", r.why)
	}
}

// protect calls f and turns a panic into an error that says nothing of it.
func protect(f func() error) error {
	var err error
	func() {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %T", p)
			}
		}()
		err = f()
	}()
	return err
}

func isReason(err error, reason string) bool {
	var e *Error
	return errors.As(err, &e) && e.reason == reason
}
