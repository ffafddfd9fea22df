// Issuers shows tokens of other people's authorization servers to a server of ours (gate/): oidc-provider and Keycloak, each started on
// loopback with a configuration of ours (oidcprovider/, keycloak/). People log in by the issuer's own pages and consent; services use their
// secrets.
//
// Everything is checked from outside, over HTTP, and in the server's audit: what each caller is read as and may call, that tokens of other
// kinds and for others are refused and why, that a new key is taken at once, and what happens while the issuer is down.
//
//	./e2e/issuers/run                  # both; `make interop-issuers`
//	./e2e/issuers/run -only keycloak   # those whose name contains this
//	./e2e/issuers/run -keep FOLDER     # and leave logs and audits there
//	./e2e/issuers/run -update          # and write what tokens look like into transport/token/testdata/profiles
//
// What tokens look like is kept without signatures, with everything that differs between two runs replaced (see shape in decode.go). A run
// in which they look otherwise fails: a new version of an issuer has changed what a profile is about.
//
// What each issuer had to be told is in docs/issuers.md; the profiles are in gate/profiles.go.
package main
