package transport

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Rate is how often something may happen: evenly PerMinute times a minute, and up
// to Burst times at once after a pause. The zero value stands for the default of
// the field of [Quotas] it is in.
type Rate struct {
	// PerMinute is how many requests a minute are allowed in the long run.
	PerMinute int
	// Burst is how many are allowed at once. 0 means as many as PerMinute.
	Burst int
}

// Quotas are how much a caller may ask for. Every field that is zero has the
// default that [DefaultQuotas] returns; to lift one limit alone set it high.
// All of them hold for one process: replicas do not count together.
type Quotas struct {
	// Address is how often one network address may come without a token: to be
	// told where to get one, and for the resource metadata. A network address is
	// an IPv4 address or an IPv6 /64.
	Address Rate
	// Failures is how often a token from one network address may be no good.
	Failures Rate
	// Principal is how many messages one caller may send: a subject of an issuer,
	// through whatever client.
	Principal Rate
	// Client is how many messages all users of one client may send through it.
	Client Rate
	// Tool is how often one caller may call one tool.
	Tool Rate
	// Calls is how many requests may run at the same time, all callers together,
	// and CallsPerPrincipal how many of one caller. A handler that goes on
	// although nobody waits for it any more still runs.
	Calls, CallsPerPrincipal int
	// Streams is how many streams of changes may be open at the same time, all
	// callers together, and StreamsPerPrincipal how many of one caller. They count
	// for themselves: a stream is not a call, and has no CallTime.
	Streams, StreamsPerPrincipal int
	// CallTime is how long a request may run. Then its context ends and its
	// client gets an error, whether or not the handler returns.
	CallTime time.Duration
	// Connections is how many connections each listener of server.Run keeps open. It
	// has to be more than Calls and Streams together, each of which may have one to
	// itself. One more takes the place of that which has waited longest for a request.
	// A handler that is mounted in another server has that server's connections.
	Connections int
}

// The largest values of [Quotas], beyond which a limit would have no meaning and
// its arithmetic no room.
const (
	maxPerMinute = 1_000_000_000
	maxBurst     = 1_000_000
	maxCalls     = 1_000_000
	maxCallTime  = 24 * time.Hour
)

// DefaultQuotas returns the quotas of a Config that has none. They are far above
// what people and their clients need, and below what a machine can do.
func DefaultQuotas() Quotas {
	return Quotas{
		Address:           Rate{6000, 6000},
		Failures:          Rate{3000, 3000},
		Principal:         Rate{6000, 6000},
		Client:            Rate{60_000, 60_000},
		Tool:              Rate{3000, 3000},
		Calls:             4096,
		CallsPerPrincipal: 1024,
		CallTime:          5 * time.Minute,

		Streams:             16_384,
		StreamsPerPrincipal: 1024,

		Connections: 32_768,
	}
}

// Check returns every mistake in q, joined, or nil.
func (q Quotas) Check() error {
	var wrong []error
	for _, rate := range []struct {
		field string
		Rate
	}{
		{"Address", q.Address},
		{"Failures", q.Failures},
		{"Principal", q.Principal},
		{"Client", q.Client},
		{"Tool", q.Tool},
	} {
		wrong = append(wrong,
			inRange(rate.field+".PerMinute", rate.PerMinute, maxPerMinute),
			inRange(rate.field+".Burst", rate.Burst, maxBurst))
		if rate.PerMinute == 0 && rate.Burst != 0 {
			wrong = append(wrong, mistake(rate.field+".PerMinute", 0, "there is a Burst that would never come back; set both"))
		}
	}
	wrong = append(wrong,
		inRange("Calls", q.Calls, maxCalls),
		inRange("CallsPerPrincipal", q.CallsPerPrincipal, maxCalls),
		inRange("Streams", q.Streams, maxCalls),
		inRange("StreamsPerPrincipal", q.StreamsPerPrincipal, maxCalls),
		inRange("Connections", q.Connections, maxCalls),
		inRange("CallTime", q.CallTime, maxCallTime))
	return errors.Join(wrong...)
}

func inRange[T int | time.Duration](field string, value, most T) error {
	if value >= 0 && value <= most {
		return nil
	}
	return mistake(field, value, fmt.Sprintf("it is not between 0, which means the default, and %v", most))
}

func mistake(field string, value any, reason string) error {
	return fmt.Errorf("%s = %q: %s", "Quotas."+field, fmt.Sprint(value), reason)
}

// filled returns q with the defaults where it has nothing.
func (q Quotas) filled() Quotas {
	d := DefaultQuotas()
	return Quotas{
		Address:           q.Address.or(d.Address),
		Failures:          q.Failures.or(d.Failures),
		Principal:         q.Principal.or(d.Principal),
		Client:            q.Client.or(d.Client),
		Tool:              q.Tool.or(d.Tool),
		Calls:             cmp.Or(q.Calls, d.Calls),
		CallsPerPrincipal: cmp.Or(q.CallsPerPrincipal, d.CallsPerPrincipal),
		CallTime:          cmp.Or(q.CallTime, d.CallTime),

		Streams:             cmp.Or(q.Streams, d.Streams),
		StreamsPerPrincipal: cmp.Or(q.StreamsPerPrincipal, d.StreamsPerPrincipal),

		Connections: cmp.Or(q.Connections, d.Connections),
	}
}

func (r Rate) or(d Rate) Rate {
	if r.PerMinute == 0 {
		return d
	}
	return Rate{r.PerMinute, cmp.Or(r.Burst, min(r.PerMinute, maxBurst))}
}
