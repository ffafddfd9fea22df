// Package token verifies access tokens and turns them into a principal.
//
// An access token is accepted only as an RFC 9068 JWT in its one spelling,
// signed by a key of the issuer it names, meant for this resource, and now. What
// is checked, and in which order, is what [Verifier.Verify] reads from top to
// bottom. Everything that is missing, unexpected, ambiguous or out of reach is a
// refusal.
//
// Discovery and signatures are those of github.com/coreos/go-oidc. Its ID-token
// verifier and its remote key set are not used: an access token needs other
// checks, and keys are fetched in the background, within bounds that no token
// can move. Each [Issuer] has its own keys.
package token
