package server

import (
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// record is one line of the audit. Its members are a contract (docs/audit.md):
// a reader may rely on every one of them being present, empty when there is
// nothing to say. None of them holds a token, a code or an argument value.
type record struct {
	time      time.Time
	requestID string
	traceID   string
	who       authz.Principal
	method    string
	name      string
	allow     bool
	door      int
	reason    string
	rule      string
	because   string
	revision  string
	duration  time.Duration

	// address and count are set on aggregated records only: refusals of one
	// network address for one reason, before any token was verified.
	address string
	count   uint64
}

// decisionWord says in words what was decided.
func decisionWord(allow bool) string {
	if allow {
		return "allow"
	}
	return "deny"
}

// appendLine appends the record as one line of JSON.
func (r *record) appendLine(dst []byte) []byte {
	dst = r.appendMembers(dst, decisionWord(r.allow))
	if r.count > 0 {
		dst = appendMember(dst, "address", r.address)
		dst = appendNumber(dst, "count", int64(r.count)) //nolint:gosec // a count of requests within ten seconds
	}
	return append(dst, '}', '\n')
}

// appendMembers appends what every line has. The object stays open.
func (r *record) appendMembers(dst []byte, decision string) []byte {
	dst = append(dst, '{')
	dst = append(appendName(dst, "time"), '"')
	dst = append(r.time.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z"), '"')
	dst = appendMember(dst, "request_id", r.requestID)
	dst = appendMember(dst, "trace_id", r.traceID)
	dst = appendMember(dst, "issuer", r.who.Issuer)
	dst = appendMember(dst, "subject", r.who.Subject)
	dst = appendMember(dst, "client", r.who.Client)
	dst = appendMember(dst, "actor", r.who.Actor)
	dst = appendMember(dst, "token_id", r.who.TokenID)
	dst = appendMember(dst, "method", r.method)
	dst = appendMember(dst, "name", r.name)
	dst = appendMember(dst, "decision", decision)
	dst = appendNumber(dst, "door", int64(r.door))
	dst = appendMember(dst, "reason", r.reason)
	dst = appendMember(dst, "rule", r.rule)
	dst = appendMember(dst, "because", r.because)
	dst = appendMember(dst, "policy_revision", r.revision)
	return appendNumber(dst, "duration_us", r.duration.Microseconds())
}
