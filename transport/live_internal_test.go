package transport

import (
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// TestM16_NothingStartsInASessionThatHasEnded ends a session between the reading
// of its id and the start of a call in it.
func TestM16_NothingStartsInASessionThatHasEnded(t *testing.T) {
	l := newLive(&peer{id: "s"})
	if why := l.start("1", func(error) {}); why != nil {
		t.Fatalf("before: %v", why)
	}
	if why := l.start("1", func(error) {}); why == nil || why.Reason != "id_in_use" {
		t.Errorf("the same id: %v", why)
	}
	l.end()
	if why := l.start("2", func(error) {}); why == nil || why.Status != 404 {
		t.Errorf("after: %v", why)
	}
}

// TestSubscriptionsOfASessionAreBounded subscribes to one resource too many, and to
// URIs that are too long together.
func TestSubscriptionsOfASessionAreBounded(t *testing.T) {
	many, long := newLive(&peer{}), newLive(&peer{})
	for i := range message.MaxSubscriptions {
		if !many.subscribe(strings.Repeat("x", i%60) + "/" + strings.Repeat("y", i/60)) {
			t.Fatalf("subscription %d is refused", i)
		}
	}
	if many.subscribe("one more") {
		t.Error("one subscription too many")
	}
	half := strings.Repeat("x", message.MaxSubscribed/2)
	for _, fits := range []string{half, half, "y" + half[1:]} { // one of them twice
		if !long.subscribe(fits) {
			t.Error("what fits is refused")
		}
	}
	if long.subscribe("z") {
		t.Error("one byte too many")
	}
	if long.unsubscribe(half); !long.subscribe("z") {
		t.Error("nothing came free")
	}
}
