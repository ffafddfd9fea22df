package server

import (
	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// reasonOther stands in the metrics for every reason that is not in the lists
// below. There is no such reason; if one ever gets in, it costs one series.
const reasonOther = "other"

// allowReasons returns every reason with which a record allows.
func allowReasons() []string {
	return []string{
		string(authz.ReasonAllowed), string(authz.ReasonAnyPrincipal),
		reasonListed, reasonValidToken,
	}
}

// denyReasons returns every reason with which a record denies. They come from
// four packages; a test compares the list with their sources.
func denyReasons() []string {
	return []string{
		// The policy.
		string(authz.ReasonScopeMissing), string(authz.ReasonPermissionMissing), string(authz.ReasonPermissionDenied),
		string(authz.ReasonClientDenied), string(authz.ReasonClientMissing), string(authz.ReasonPlaceholder),
		string(authz.ReasonNoPolicy), string(authz.ReasonNoPrincipal), string(authz.ReasonNoRequirement),
		string(authz.ReasonPolicyError), string(authz.ReasonUndecided),

		// The token.
		token.ReasonMalformed, token.ReasonTooLarge, token.ReasonIssuer, token.ReasonAlgorithm, token.ReasonHeader,
		token.ReasonType, token.ReasonKeyUnknown, token.ReasonKeyMismatch, token.ReasonSignature, token.ReasonKind,
		token.ReasonAudience, token.ReasonClaims, token.ReasonExpired, token.ReasonNotYetValid, token.ReasonFuture,
		token.ReasonLifetime, token.ReasonSubject, token.ReasonClient, token.ReasonKeyBound, token.ReasonRevoked,
		token.ReasonNoKeys, token.ReasonNoRevocations, token.ReasonInactive, token.ReasonNoIntrospection,
		"authorization_malformed", "authorization_repeated", "authorization_scheme",
		"token_expired", "token_in_query", "token_invalid", "token_missing",

		// The request.
		"accept", "body_framing", "body_incomplete", "body_too_large", "capability_missing", "content_type", "foreign_cursor",
		"header_mismatch", "host", "http_method", "input_responses", "invalid_params", "malformed_message", "origin",
		"protocol_version", "request_state", "unknown_method", "unknown_operation", "unknown_path",

		// Sessions of older revisions, and streams.
		"cancelled_by_client", "id_in_use", "response_unasked", "session_missing", "session_unknown",
		"streams_principal", "streams_total",

		// The limits.
		"rate_address", "rate_token_failures", "rate_principal", "rate_tool", "rate_client",
		"calls_principal", "calls_total", "call_time",
		reasonRateRegister, reasonRateAuthorize, reasonRateLogin, reasonRateToken,

		// What went wrong inside.
		"cancelled", "gate_failed", "gate_silent", "message", "panic", "server_stopping", reasonRefused,
		reasonAuditUnavailable,
	}
}
