package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/ratelimit"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// Limits hold callers to [Quotas]. Use [NewLimits] to make one; a nil *Limits
// limits nothing. Its memory does not grow with what callers send, but for what
// is running. It is safe for concurrent use and knows what happened in this
// process only.
//
// What is limited where, and why, in the order of the checks:
//
//   - Before the token: requests without one (Address), and tokens that turn out
//     to be no good (Failures). A good token costs its address nothing, so that
//     nobody is shut out by a neighbour behind the same address: a token that was
//     good before is verified whatever the neighbours do. Only one that was never
//     seen here has to wait for its turn when the budget for failures is used up.
//   - Once the message is read, before the decision: Principal, Tool and Client,
//     then the calls that run. A refusal then has the id and the name of what was
//     asked, costs no decision, leaves one record, and says nothing about the
//     policy. What cannot be read counts too. The narrow budget goes first: what
//     it refuses does not use up the wider one that others share.
//   - Never: preflights. A browser sends them without the token and hides their
//     refusal, so a neighbour could shut out the pages of everybody behind the
//     same address; and the answer, which is always the same and not recorded,
//     costs about as much as a refusal.
type Limits struct {
	quotas Quotas
	now    func() time.Time

	address, failures, principal, client, tool *ratelimit.Table

	good *ratelimit.Seen // tokens that were verified
	gauge
}

// NewLimits returns limits for q; now is the clock, nil means time.Now. The
// error joins all mistakes in q.
func NewLimits(q Quotas, now func() time.Time) (*Limits, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	q = q.filled()
	l := &Limits{
		quotas:    q,
		now:       now,
		address:   q.Address.table(),
		failures:  q.Failures.table(),
		principal: q.Principal.table(),
		client:    q.Client.table(),
		tool:      q.Tool.table(),
		good:      ratelimit.NewSeen(),
	}
	l.running = map[caller]int{}
	l.streams = map[caller]int{}
	return l, nil
}

func (r Rate) table() *ratelimit.Table { return ratelimit.NewTable(r.PerMinute, r.Burst) }

// Connections returns Quotas.Connections. Of a nil *Limits it is 0.
func (l *Limits) Connections() int {
	if l == nil {
		return 0
	}
	return l.quotas.Connections
}

// take takes one token out of the key's bucket.
func (l *Limits) take(t *ratelimit.Table, key ratelimit.Key, reason string) (ratelimit.Charge, *Refusal) {
	charge, wait, ok := t.Take(key, l.now())
	if !ok {
		return charge, TooManyRequests(wait, reason)
	}
	return charge, nil
}

// addressOf returns the key of the network a request comes from.
func addressOf(ctx context.Context) ratelimit.Key {
	info, _ := InfoFrom(ctx)
	return ratelimit.Key{A: ratelimit.Network(info.Remote)}
}

// anonymous counts a request without a token.
func (l *Limits) anonymous(ctx context.Context) *Refusal {
	if l == nil {
		return nil
	}
	_, why := l.take(l.address, addressOf(ctx), "rate_address")
	return why
}

// tokenless counts a request without a token that can be verified, and returns
// why, or that it was one too many.
func (l *Limits) tokenless(ctx context.Context, why *Refusal) *Refusal {
	if l == nil {
		return why
	}
	var over *Refusal
	if why.Challenge != nil && why.Challenge.Error == "" {
		over = l.anonymous(ctx)
	} else {
		_, over = l.take(l.failures, addressOf(ctx), reasonFailures)
	}
	if over != nil {
		return over
	}
	return why
}

const reasonFailures = "rate_token_failures"

// attempt is a token that is about to be verified. It counts as a failure until
// it is known to be none, so that a thousand at once are no way around.
type attempt struct {
	limits  *Limits
	address ratelimit.Key
	token   ratelimit.Hash
	trusted bool // verified before, and not charged
	charge  ratelimit.Charge
}

// attempt refuses a token whose verification is not worth the work.
func (l *Limits) attempt(ctx context.Context, token string) (attempt, *Refusal) {
	if l == nil {
		return attempt{}, nil
	}
	a := attempt{limits: l, address: addressOf(ctx), token: l.good.Hash(token)}
	if a.trusted = l.good.Has(a.token); a.trusted {
		return a, nil
	}
	var why *Refusal
	a.charge, why = l.take(l.failures, a.address, reasonFailures)
	return a, why
}

// verified says that the token was good.
func (a attempt) verified() {
	if a.limits == nil || a.trusted {
		return
	}
	a.limits.failures.Give(a.charge)
	a.limits.good.Remember(a.token)
}

// failed says that the token was not verified. That it could not be is no fault
// of the caller's.
func (a attempt) failed(why *Refusal) {
	switch {
	case a.limits == nil:
	case why.Status == http.StatusServiceUnavailable:
		if !a.trusted {
			a.limits.failures.Give(a.charge)
		}
	case a.trusted:
		// Expired or revoked since: from now on it is like any other.
		a.limits.good.Forget(a.token)
		_, _ = a.limits.take(a.limits.failures, a.address, reasonFailures)
	}
}

// message counts a message of a verified caller, and returns what is wrong with
// it, or that it was one too many. Msg is nil if there was none to be read.
func (l *Limits) message(who authz.Principal, msg *message.Message, bad *Refusal) *Refusal {
	if l == nil {
		return bad
	}
	why := l.counted(who, msg)
	if why == nil {
		return bad
	}
	if bad != nil {
		why.id, why.hangUp = bad.id, bad.hangUp
	}
	return why
}

// counted takes from the narrow budgets first.
func (l *Limits) counted(who authz.Principal, msg *message.Message) *Refusal {
	if _, why := l.take(l.principal, ratelimit.Key{A: who.Issuer, B: who.Subject}, "rate_principal"); why != nil {
		return why
	}
	if msg != nil && msg.Method == "tools/call" {
		if _, why := l.take(l.tool, ratelimit.Key{A: who.Issuer, B: who.Subject, C: msg.Name}, "rate_tool"); why != nil {
			return why
		}
	}
	_, why := l.take(l.client, ratelimit.Key{A: who.Issuer, B: who.Client}, "rate_client")
	return why
}

// timed returns how long a request may run that could run for left, and what it
// is told when that is over.
func (l *Limits) timed(left time.Duration, why *Refusal) (time.Duration, *Refusal) {
	if l == nil || left <= l.quotas.CallTime {
		return left, why
	}
	return l.quotas.CallTime, outOfTime()
}

// outOfTime answers a request that ran too long. It is the fault of neither the
// request nor the gateway: with a 503 or 504 something on the way might repeat
// the request, and with it what has been done already.
func outOfTime() *Refusal {
	return plain(http.StatusOK, CodeInternal, "the request ran longer than this server allows", "call_time")
}
