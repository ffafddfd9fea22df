package transport

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// openedPlaces is how many session ids are remembered.
const openedPlaces = 4096

// opened remembers what the ids of sessions say, because opening a seal takes
// longer than most of what a request needs. It only saves work: an id is there
// after it was opened for exactly this caller, each id has one place that the
// next one takes, and what changes (its end, that it was ended) is asked anew
// each time. It is safe for concurrent use.
type opened struct {
	seed   maphash.Seed
	places [openedPlaces]atomic.Pointer[openedID]
}

// openedID is an id with whom it was opened for and what it says. It never
// changes.
type openedID struct {
	issuer, subject, client string
	ends                    time.Time
	peer                    peer
}

func newOpened() *opened { return &opened{seed: maphash.MakeSeed()} }

func (o *opened) place(id string) *atomic.Pointer[openedID] {
	return &o.places[maphash.String(o.seed, id)%openedPlaces]
}

// get returns what the id says to this caller, nil if that is not known.
func (o *opened) get(id string, who authz.Principal) *openedID {
	k := o.place(id).Load()
	if k == nil || k.issuer != who.Issuer || k.subject != who.Subject || k.client != who.Client || k.peer.id != id {
		return nil
	}
	return k
}

// put takes the place of whatever was there.
func (o *opened) put(k *openedID) { o.place(k.peer.id).Store(k) }
