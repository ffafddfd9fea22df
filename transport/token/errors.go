package token

import "time"

// The reasons why a token is refused, for the audit. They are not for clients:
// a client learns only that its token is invalid.
const (
	ReasonMalformed     = "token_malformed"         // not a compact JWS in its one spelling with strict JSON inside, and nobody to ask about it
	ReasonTooLarge      = "token_too_large"         // over 16 kB
	ReasonIssuer        = "issuer"                  // iss missing or not trusted
	ReasonAlgorithm     = "alg_not_allowed"         // alg missing or not allowed for the issuer
	ReasonHeader        = "header"                  // a header parameter that is never accepted
	ReasonType          = "typ"                     // typ missing or of another kind of token
	ReasonKeyUnknown    = "key_unknown"             // no key, or not exactly one, fits
	ReasonKeyMismatch   = "key_mismatch"            // the named key is not for this algorithm, or not fit for use
	ReasonSignature     = "signature"               // the signature is wrong
	ReasonKind          = "kind"                    // an ID, logout, DPoP or refresh token
	ReasonAudience      = "audience"                // not meant for this resource
	ReasonClaims        = "claims"                  // a claim of the wrong shape
	ReasonExpired       = "expired"                 // exp has passed
	ReasonNotYetValid   = "not_yet_valid"           // nbf is to come
	ReasonFuture        = "issued_in_future"        // iat is to come
	ReasonLifetime      = "lifetime"                // exp too long after iat, or not after it
	ReasonSubject       = "subject"                 // sub missing, unprintable, or an e-mail that is not verified
	ReasonClient        = "client"                  // client_id missing, contradictory, or not among the profile's clients
	ReasonKeyBound      = "key_bound"               // cnf: the token needs a proof that a bearer does not give
	ReasonRevoked       = "revoked"                 // Config.Revoked says so
	ReasonNoKeys        = "keys_unavailable"        // no keys, or too old ones: unavailable
	ReasonInactive      = "inactive"                // the issuer says that an opaque token is not, or no longer, good
	ReasonNoRevocations = "revocations_unavailable" // Config.Revoked failed: unavailable

	ReasonNoIntrospection = "introspection_unavailable" // the issuer did not say whether an opaque token is good: unavailable
)

// Error is why [Verifier.Verify] refused a token. It holds nothing of the token.
type Error struct {
	reason     string
	retryAfter time.Duration
}

// Error returns the reason after "token: ".
func (e *Error) Error() string { return "token: " + e.reason }

// Reason returns one of the Reason constants, for the audit.
func (e *Error) Reason() string { return e.reason }

// Unavailable reports that the token could not be judged because keys, revocations
// or the issuer's introspection are out of reach. Such a request is answered with 503 (Service
// Unavailable): the token may be good, so it is not 401.
func (e *Error) Unavailable() bool { return e.retryAfter > 0 }

// RetryAfter returns when trying again may help; it is 0 unless Unavailable.
func (e *Error) RetryAfter() time.Duration { return e.retryAfter }

func refuse(reason string) error { return &Error{reason: reason} }

func unavailable(reason string) error {
	return &Error{reason: reason, retryAfter: retryInterval}
}
