package authserver

import (
	"container/list"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Lifetimes and bounds of browser sessions and of the requests in them.
const (
	sessionLifetime = 8 * time.Hour
	pendingLifetime = 10 * time.Minute
	maxSessions     = 1_000
	maxPending      = 1_000
)

// browser is one browser's session. The cookie's value is not kept, its hash is.
type browser struct {
	hash    [sha256.Size]byte
	user    string // empty before somebody signed in
	expires time.Time
	place   *list.Element
}

// pending is an authorization request that waits for the person at one browser.
type pending struct {
	id      string
	browser *browser
	client  *client
	request authorization
	expires time.Time
	place   *list.Element
}

// visit is what a page needs to know: who is signed in at this browser, and the
// request in question. It is a copy.
type visit struct {
	user    string
	client  *client
	request authorization
	hash    [sha256.Size]byte
}

// browsers keeps browser sessions and pending requests. Both are bounded: the
// oldest goes first. Safe for concurrent use.
type browsers struct {
	now    func() time.Time
	cookie string
	secure bool
	key    [32]byte // of the form tokens

	mu       sync.Mutex
	sessions map[[sha256.Size]byte]*browser
	age      *list.List // of *browser, oldest first
	requests map[string]*pending
	waiting  *list.List // of *pending, oldest first
}

// newBrowsers names the cookie so that https gets the __Host- prefix, and so that
// several servers on one loopback address do not overwrite each other's:
// cookies know no ports.
func newBrowsers(now func() time.Time, issuer *url.URL) *browsers {
	b := &browsers{
		now: now, secure: issuer.Scheme == "https", cookie: "__Host-sallyport_session",
		sessions: map[[sha256.Size]byte]*browser{}, age: list.New(),
		requests: map[string]*pending{}, waiting: list.New(),
	}
	if !b.secure {
		b.cookie = "sallyport_session_" + issuer.Port()
	}
	_, _ = rand.Read(b.key[:]) // never fails
	return b
}

// begun is an authorization request that was taken up.
type begun struct {
	id     string
	user   string       // who is signed in, empty for nobody
	cookie *http.Cookie // nil if the browser has a session already
}

// begin keeps an authorization request for the browser that brought it.
func (b *browsers) begin(r *http.Request, c *client, request authorization) begun {
	b.mu.Lock()
	defer b.mu.Unlock()
	var cookie *http.Cookie
	session, ok := b.session(r)
	if !ok {
		session, cookie = b.create()
	}
	now := b.now()
	for e := b.waiting.Front(); e != nil; e = b.waiting.Front() {
		if len(b.requests) < maxPending && now.Before(e.Value.(*pending).expires) {
			break
		}
		b.forget(e.Value.(*pending))
	}
	p := &pending{id: randomText(), browser: session, client: c, request: request, expires: now.Add(pendingLifetime)}
	p.place = b.waiting.PushBack(p)
	b.requests[p.id] = p
	return begun{p.id, session.user, cookie}
}

// visit finds a pending request for the browser it belongs to, and for no other.
func (b *browsers) visit(r *http.Request, id string) (visit, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.find(r, id)
	if !ok {
		return visit{}, false
	}
	return p.visit(), true
}

func (p *pending) visit() visit {
	return visit{user: p.browser.user, client: p.client, request: p.request, hash: p.browser.hash}
}

// signIn makes user the one who is signed in, under a new cookie: a cookie that
// somebody planted before is worth nothing (session fixation).
func (b *browsers) signIn(r *http.Request, id, user string) (*http.Cookie, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.find(r, id)
	if !ok {
		return nil, false
	}
	session := p.browser
	b.age.Remove(session.place)
	delete(b.sessions, session.hash)
	session.user = user
	return b.keep(session), true
}

// finish ends a pending request for good. Only one call for an id succeeds, and
// only while the session is still the one the form was made for.
func (b *browsers) finish(r *http.Request, id string, hash [sha256.Size]byte) (visit, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.find(r, id)
	if !ok || p.browser.hash != hash {
		return visit{}, false
	}
	b.forget(p)
	return p.visit(), true
}

// formToken ties a form to the session, the request and its purpose. A new
// sign-in makes it worthless.
func (b *browsers) formToken(v visit, id, purpose string) string {
	h := hmac.New(sha256.New, b.key[:])
	h.Write([]byte(purpose + "\x00" + id + "\x00"))
	h.Write(v.hash[:])
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (b *browsers) formTokenFits(v visit, id, purpose, token string) bool {
	return hmac.Equal([]byte(token), []byte(b.formToken(v, id, purpose)))
}

func (b *browsers) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.sessions)
	clear(b.requests)
	b.age.Init()
	b.waiting.Init()
}

// What follows is called with the lock held.

func (b *browsers) find(r *http.Request, id string) (*pending, bool) {
	session, ok := b.session(r)
	p, known := b.requests[id]
	if !ok || !known || p.browser != session || !b.now().Before(p.expires) {
		return nil, false
	}
	return p, true
}

// session finds the browser's session. Two cookies of the name are none: one of
// them was planted.
func (b *browsers) session(r *http.Request) (*browser, bool) {
	cookies := r.CookiesNamed(b.cookie)
	if len(cookies) != 1 {
		return nil, false
	}
	session, ok := b.sessions[sha256.Sum256([]byte(cookies[0].Value))]
	if !ok || !b.now().Before(session.expires) {
		return nil, false
	}
	return session, true
}

func (b *browsers) create() (*browser, *http.Cookie) {
	now := b.now()
	for e := b.age.Front(); e != nil; e = b.age.Front() {
		old := e.Value.(*browser)
		if len(b.sessions) < maxSessions && now.Before(old.expires) {
			break
		}
		b.age.Remove(e)
		delete(b.sessions, old.hash)
	}
	session := &browser{}
	return session, b.keep(session)
}

// keep gives a session a new cookie and a new lifetime.
func (b *browsers) keep(session *browser) *http.Cookie {
	value := randomText()
	session.hash = sha256.Sum256([]byte(value))
	session.expires = b.now().Add(sessionLifetime)
	session.place = b.age.PushBack(session)
	b.sessions[session.hash] = session
	return &http.Cookie{ //nolint:gosec // Secure for https issuers; an http issuer is on loopback, where Secure cookies get lost
		Name: b.cookie, Value: value, Path: "/", Secure: b.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

func (b *browsers) forget(p *pending) {
	b.waiting.Remove(p.place)
	delete(b.requests, p.id)
}
