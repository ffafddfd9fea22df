package transport

import (
	"fmt"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/seal"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

func sealedSessions(t *testing.T, now *time.Time) (*sessions, *seal.Keys) {
	t.Helper()
	keys, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	return newSessions(keys, "https://a.example/mcp", func() time.Time { return *now }), keys
}

// TestOpened: that an id was opened for its caller opens it for nobody else, and
// for the caller only as long as the session lasts.
func TestOpened(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s, keys := sealedSessions(t, &now)
	alice := authz.Principal{Issuer: "https://i.example", Subject: "alice", Client: "app"}
	id := s.begin(alice, "2025-11-25", message.CanSample)
	change := func(f func(*authz.Principal)) authz.Principal { who := alice; f(&who); return who }
	others := map[string]authz.Principal{
		"subject": change(func(p *authz.Principal) { p.Subject = "bob" }),
		"client":  change(func(p *authz.Principal) { p.Client = "other" }),
		"issuer":  change(func(p *authz.Principal) { p.Issuer = "https://j.example" }),
	}
	var first *peer
	for i := range 3 {
		for name, other := range others {
			if s.open(id, other) != nil {
				t.Errorf("round %d: another %s has the session", i, name)
			}
		}
		if s.open(id+"A", alice) != nil || s.open(id[1:], alice) != nil || s.open("", alice) != nil {
			t.Errorf("round %d: another id opens", i)
		}
		p := s.open(id, alice)
		if p == nil || p.id != id || p.revision != "2025-11-25" || p.can != message.CanSample || p.who != (caller{"https://i.example", "alice"}) {
			t.Fatalf("round %d: %+v", i, p)
		}
		if first == nil {
			first = p
		}
		if p != first {
			t.Errorf("round %d: the id was not remembered", i)
		}
	}
	if elsewhere := newSessions(keys, "https://b.example/mcp", s.now); elsewhere.open(id, alice) != nil {
		t.Error("it opens for another resource")
	}

	l := s.hold(first)
	l.over.set()
	if s.open(id, alice) != nil {
		t.Error("it opens after its end")
	}
	again := s.begin(alice, "2025-06-18", 0)
	now = now.Add(sessionLife - time.Second)
	if p := s.open(again, alice); p == nil || p.revision != "2025-06-18" {
		t.Errorf("in its last second: %+v", p)
	}
	now = now.Add(time.Second)
	if s.open(again, alice) != nil {
		t.Error("it opens when its time is over")
	}
}

// TestOpenedTellsIDsApart: two sessions of one caller in one place.
func TestOpenedTellsIDsApart(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s, _ := sealedSessions(t, &now)
	who := authz.Principal{Issuer: "https://i.example", Subject: "alice", Client: "app"}
	places := map[any]string{}
	for {
		id := s.begin(who, "2025-11-25", 0)
		other, taken := places[s.opened.place(id)]
		if !taken {
			places[s.opened.place(id)] = id
			continue
		}
		for _, one := range []string{id, other, other, id} {
			if p := s.open(one, who); p == nil || p.id != one {
				t.Errorf("%+v", p)
			}
		}
		return
	}
}

// TestOpenedIsBounded: more ids than there are places push each other out and
// are never taken for one another.
func TestOpenedIsBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s, _ := sealedSessions(t, &now)
	ids := map[string]authz.Principal{}
	for i := range 2 * openedPlaces { // a thousand callers with eight sessions each
		who := authz.Principal{Issuer: "https://i.example", Subject: fmt.Sprint(i % 1000), Client: "app"}
		ids[s.begin(who, "2025-11-25", 0)] = who
	}
	for range 2 {
		for id, who := range ids {
			if p := s.open(id, who); p == nil || p.id != id || p.who.subject != who.Subject {
				t.Fatalf("%s: %+v", who.Subject, p)
			}
		}
	}
	known := 0
	for id, who := range ids {
		if s.opened.get(id, who) != nil {
			known++
		}
	}
	if known == 0 || known > openedPlaces {
		t.Errorf("%d ids are remembered, want at most %d", known, openedPlaces)
	}
}

// TestRememberedSessionsAreBounded: of sessions with something to remember only so many
// stay in memory, of one caller and together. One that is in use is never the one to go.
func TestRememberedSessionsAreBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s, _ := sealedSessions(t, &now)
	held := s.hold(&peer{id: "held", who: caller{"i", "alice"}})
	for i := range 2 * maxRememberedPerCaller {
		_ = s.hold(&peer{id: fmt.Sprint("alice", i), who: caller{"i", "alice"}})
		s.live[fmt.Sprint("alice", i)].held = 0 // let go, with something to remember
	}
	if n := len(s.callers[caller{"i", "alice"}]); n != maxRememberedPerCaller {
		t.Errorf("%d sessions of one caller, want %d", n, maxRememberedPerCaller)
	}
	for i := range maxRemembered + 100 {
		id := fmt.Sprint("other", i)
		_ = s.hold(&peer{id: id, who: caller{"i", id}})
		s.live[id].held = 0
	}
	if n := len(s.live); n != maxRemembered {
		t.Errorf("%d sessions, want %d", n, maxRemembered)
	}
	if s.live["held"] != held {
		t.Error("one in use was forgotten")
	}
}
