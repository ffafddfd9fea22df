// Package authz decides whether a verified caller may run an operation.
//
// A decision asks two doors. Door one asks what the client was delegated: the scopes of the token have to cover every
// scope the operation declares. Door two asks what the caller may do: the policy has to allow every permission the
// operation declares. Only if both open is the operation allowed, and every answer names the door, the reason, the rule
// and the revision of the policy.
//
// Casbin is the definition: [Policy.Decide] makes Enforce calls of Casbin and nothing else decides. What Casbin would
// read leniently (an effect it does not know, a row with too few columns, a role chain it silently cuts) never reaches
// it: [Compile] reads the model and the policy itself, strictly, and reports everything that is wrong at once.
//
// The package is pure. Apart from [Load] it does no I/O, and it knows neither HTTP nor MCP.
package authz
