// Package authserver is an OAuth 2.1 authorization server for development: it
// lets a real MCP client discover, register, sign a demo user in, ask for consent
// and get tokens, all in memory and without passwords. It is meant for loopback
// addresses; production deployments trust an issuer of their own instead.
//
// # What it serves
//
// Authorization server metadata (RFC 8414) and OpenID discovery, the key set,
// dynamic client registration (RFC 7591), the authorization endpoint with PKCE
// S256 for every client (RFC 7636) and iss in every answer (RFC 9207), access
// tokens of five minutes (RFC 9068) for one resource (RFC 8707), rotating
// refresh tokens, and revocation (RFC 7009). The paths are those of
// [Server.Paths]. There is no user info, no introspection and no management of
// registrations (RFC 7592).
//
// # Driving the pages
//
// The pages are plain forms without script, so that programs can drive them.
// Keep cookies, and follow redirects only within the issuer.
//
//   - GET /authorize answers 303 to /login?request=ID, or to /consent?request=ID
//     when somebody is signed in.
//   - /login holds the form #login with the hidden field csrf and one button per
//     user, name user, value the user's name, id user-NAME. POST both fields to the
//     URL of the page; the answer is 303 to /consent?request=ID.
//   - /consent holds the form #consent with the hidden field csrf and two buttons,
//     name decision, values allow and deny, ids #allow and #deny. POST both fields to
//     the URL of the page; the answer is 303 to the client. The link #switch leads
//     back to /login. #client-name, #client-id, #redirect-host and #scopes hold what
//     is shown.
//   - Errors before the client and its redirect URI are known are pages with the
//     text in #error, never redirects.
//
// # The engine, and what is in front of it
//
// Grants, codes and tokens are made by github.com/luikyv/go-oidc, run in process.
// The engine is asked only after our own code has decided, and finds nothing but
// the one client and the one grant that were handed to it, because its defaults
// do not fit here:
//
//   - It never matches a loopback redirect that was registered with a port, and
//     lets no port vary for localhost: redirects are matched here, and it gets a
//     client with that one redirect.
//   - A finished authorization session issues another code when it is opened
//     again, and no session is bound to a browser: its sessions are not kept and its
//     callback routes are not reachable; requests wait in sessions of our own.
//   - Its registration accepts foreign http redirects and empty lists and refuses
//     unknown scopes: /register is ours, and RFC 7592 is not served.
//   - A client without scopes may ask for nothing: clients are handed over with all
//     known scopes. What a client registers is only the default of what it asks for.
//   - Rotation overwrites the refresh token without comparing, so that reuse goes
//     unnoticed and one token can be redeemed twice: codes and refresh tokens are
//     consumed by compare-and-set before the engine is asked. Its own storage, which
//     forgets after 100 records, is never used.
//   - A failed exchange revokes the grant, with an error code of another flow, and
//     a missing redirect_uri is such a failure, though OAuth 2.1 dropped it: wrong
//     requests do not reach it.
//   - Without a granted resource any could be picked at the token endpoint: the
//     resource is always set.
//   - It serves OpenID discovery only, with what it can do rather than what is
//     reachable: both documents are ours.
//   - It looks clients up only with registration on: it is on, and unreachable.
//   - Its revocation verifies by the wall clock, answers other clients' tokens with
//     403, and its user info checks no audience: revocation is ours, and user info,
//     introspection, token exchange, assertions and DPoP are off or unreachable.
//   - It does not refuse repeated parameters and sends a member "resources" that no
//     standard has: requests are read strictly and answers rebuilt here.
//   - It reads the wall clock: times in tokens and every expiry are ours.
//
// # State
//
// Everything is in memory, bounded, and gone after a restart, the signing key
// included. Codes are kept as hashes, client secrets too; refresh tokens are not
// kept at all.
package authserver
