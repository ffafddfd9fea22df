package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// soaker is one caller of the campaign. All of them use the same ids, progress tokens, names of tools and of arguments.
type soaker struct {
	t         *testing.T
	soak      *soak
	number    int
	revision  string
	token     string
	client    *servertest.Client // in its own revision
	greedy    *servertest.Client // in 2026-07-28
	stateless *servertest.Client
	doomed    *servertest.Client
	random    *rand.Rand
	total     int // of the weights

	at        int // the round
	seq       int
	decisions map[string]float64
	kinds     []int
}

func newSoaker(t *testing.T, s *soak, number int) *soaker {
	t.Helper()
	w := &soaker{
		t: t, soak: s, number: number, revision: []string{"2026-07-28", "2025-11-25", "2025-06-18"}[number%3],
		random: rand.New(rand.NewPCG(1, uint64(number))), decisions: map[string]float64{}, kinds: make([]int, len(s.kinds)),
	}
	for _, k := range s.kinds {
		w.total += k.weight
	}
	w.token = s.token(t, w.caller("user", "token"))
	w.stateless = s.Client(t, w.token)
	w.greedy = s.Client(t, s.token(t, w.caller("greedy", "greed")))
	w.client = w.stateless
	w.warm(w.stateless, "list")
	w.warm(w.greedy, greedyTitle)
	return w
}

// warm uses a token for the first time. When so many have failed that the budget is used up, a new one has to wait.
func (w *soaker) warm(c *servertest.Client, title string) {
	m := w.next(titled(w.soak.kinds, title))
	a := w.post(m, c, "tools/list", params{})
	w.judge(m, a, a.OK(), 0)
}

// caller is who the worker is, or one of its other selves.
func (w *soaker) caller(subject, id string) servertest.Caller {
	return servertest.Caller{
		Subject: fmt.Sprint(subject, "-", w.number), Client: fmt.Sprint("client-", w.number), Groups: []string{"workers"},
		Claims: params{"jti": fmt.Sprint(id, "-", w.number), "exp": time.Now().Add(20 * time.Hour).Unix()},
	}
}

func (w *soaker) older() bool { return w.revision != "2026-07-28" }

// round sends the requests of one round.
func (w *soaker) round(t *testing.T, number int) {
	w.at = number
	if number == 0 && w.older() {
		w.begin()
	}
	for range soakRound {
		w.one()
	}
	if number%40 == w.number { // takes seconds
		w.outOfTime(titled(w.soak.kinds, "out of time"))
	}
	if t.Failed() {
		return
	}
}

// one sends a kind by its weight.
func (w *soaker) one() {
	for {
		n := w.random.IntN(w.total)
		for i, k := range w.soak.kinds {
			if n -= k.weight; n >= 0 {
				continue
			}
			if k.era == modernOnly && w.older() || k.era == olderOnly && !w.older() {
				break
			}
			k.send(w, i)
			return
		}
	}
}

// next marks the next request.
func (w *soaker) next(k int) mark {
	w.seq++
	return mark{worker: w.number, round: w.at, seq: w.seq, kind: k}
}

// counted notes a request that is about to be sent.
func (w *soaker) counted(m mark) {
	k := w.soak.kinds[m.kind]
	w.kinds[m.kind]++
	if k.reason != "" {
		w.decisions[k.outcome(m)]++
	}
}

// body returns a request as JSON, and the headers that go with it. Of every caller they are the same.
func (w *soaker) body(m mark, older bool, method string, p params) (http.Header, []byte) {
	header := http.Header{"Traceparent": {"00-" + m.String() + "-00f067aa0ba902b7-00"}}
	meta := params{"progressToken": "p"}
	if !older {
		maps.Copy(meta, params{
			"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/logLevel": "info",
			"io.modelcontextprotocol/clientCapabilities": params{"elicitation": params{}},
		})
		header.Set("Mcp-Method", method)
		if name, ok := merged(params{"name": p["uri"]}, p)["name"].(string); ok && method != "completion/complete" {
			header.Set("Mcp-Name", name)
		}
	}
	body, err := json.Marshal(params{"jsonrpc": "2.0", "id": 7, "method": method, "params": merged(p, params{"_meta": meta})})
	if err != nil {
		w.t.Error(err)
	}
	return header, body
}

// post sends a request in the revision of the client.
func (w *soaker) post(m mark, c *servertest.Client, method string, p params) *servertest.Answer {
	header, body := w.body(m, c.Session() != "", method, p)
	return w.raw(m, c, header, body)
}

func (w *soaker) raw(m mark, c *servertest.Client, header http.Header, body []byte) *servertest.Answer {
	w.counted(m)
	return c.SendRaw(header, body)
}

// judge looks at an answer: it is of the right kind, has the canary of its request as often as it should, and nothing of
// anybody else's.
func (w *soaker) judge(m mark, a *servertest.Answer, fits bool, marks int) {
	text := string(a.Body)
	for _, e := range a.Events {
		text += "\n" + string(e)
	}
	own := strings.Count(text, canary(m.worker, m.seq))
	if theirs := foreign(text, m.worker, m.seq); theirs != "" {
		w.soak.bleeding.add("%s of caller %d got %s in %d %s", w.soak.kinds[m.kind].title, m.worker, theirs, a.Status, text)
	}
	if !fits || own != marks {
		w.t.Errorf("%s in %s: %d of its canaries, want %d, in %d %s", w.soak.kinds[m.kind].title, w.revision, own, marks, a.Status, text)
	}
}

// begin begins the session of the caller.
func (w *soaker) begin() {
	m := w.next(titled(w.soak.kinds, beginTitle))
	fresh := w.stateless.InSession("")
	header, body := w.body(m, true, "initialize", params{"protocolVersion": w.revision, "capabilities": params{"elicitation": params{}}})
	a := w.raw(m, fresh, header, body)
	w.judge(m, a, a.OK(), 0)
	w.client = fresh.InSession(a.Header.Get("Mcp-Session-Id")).With("Mcp-Protocol-Version", w.revision)
}

// moves calls what the policy permits in every other round.
func (w *soaker) moves(k int) {
	m := w.next(k)
	a := w.post(m, w.client, "tools/call", calling("moves")(canary(m.worker, m.seq)))
	if moves(m.round) {
		w.judge(m, a, a.OK(), 3)
		return
	}
	w.judge(m, a, a.Denied("moves:use"), 0)
}

// crowd fills all places of one caller, and asks for one more.
func (w *soaker) crowd(k int) {
	var group sync.WaitGroup
	for range soakPlaces {
		m := w.next(k)
		header, body := w.body(m, false, "tools/call", calling("holds")(canary(m.worker, m.seq)))
		w.counted(m)
		group.Go(func() {
			a := w.greedy.SendRaw(header, body)
			w.judge(m, a, a.OK(), 3)
		})
	}
	for range soakPlaces {
		w.wait(w.soak.handlers.began[w.number])
	}
	m := w.next(titled(w.soak.kinds, crowdedTitle))
	a := w.post(m, w.greedy, "tools/call", calling("holds")(canary(m.worker, m.seq)))
	w.judge(m, a, a.Status == http.StatusTooManyRequests, 0)
	for range soakPlaces {
		select {
		case w.soak.handlers.release[w.number] <- struct{}{}:
		case <-time.After(20 * time.Second):
			w.t.Error("nobody holds a place")
		}
	}
	group.Wait()
}

func (w *soaker) wait(signal <-chan struct{}) {
	select {
	case <-signal:
	case <-time.After(20 * time.Second):
		w.t.Error("a handler did not begin or end")
	}
}

// rounds has a tool ask, and answers: with a second request, or, in older revisions, while the first one runs.
func (w *soaker) rounds(k int) {
	m := w.next(k)
	mine := canary(m.worker, m.seq)
	answer := params{"action": "accept", "content": params{"word": mine}}
	if w.older() {
		a := w.post(m, w.client.Answering(func(_ string, asked json.RawMessage) any {
			if !strings.Contains(string(asked), mine) {
				w.soak.bleeding.add("caller %d was asked %s", m.worker, asked)
			}
			return answer
		}), "tools/call", calling("asks")(mine))
		w.judge(m, a, a.OK(), 7)
		return
	}
	a := w.post(m, w.client, "tools/call", calling("asks")(mine))
	var asked struct{ RequestState string }
	if err := json.Unmarshal(a.Result, &asked); err != nil || asked.RequestState == "" {
		w.t.Errorf("%v asks nothing", a)
		return
	}
	w.judge(m, a, a.OK(), 3)
	again := m
	again.part = 1
	a = w.post(again, w.client, "tools/call", merged(calling("asks")(mine), params{
		"requestState": asked.RequestState, "inputResponses": params{"word": answer},
	}))
	w.judge(again, a, a.OK(), 4)
}
