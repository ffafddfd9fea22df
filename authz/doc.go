// Package authz decides whether a verified caller may run an operation.
//
// A decision asks two doors. Door one asks what the client was delegated: the scopes of the token have to cover every
// scope the operation declares. Door two asks what the caller may do: the policy has to allow every permission the
// operation declares. Only if both open is the operation allowed, and every answer names the door, the reason, the rule
// and the revision of the policy.
//
// Casbin is the definition: what [Policy.Decide] answers is what the Enforce calls below would. Under the textbook model they
// are not made: [Compile] brings the rows into a shape in which an answer costs the same however many there are. Under another
// model Casbin itself is asked for door two. What it would read leniently (an effect it does not know, a row with too
// few columns, a role chain it silently cuts) never reaches it: Compile reads the model and the policy itself, strictly, and reports
// everything that is wrong at once.
//
// # The calls
//
// Door two builds an Enforcer of the model and all rows that are not about scopes, with g rows from a subject that no
// row can name to everything the caller is: user:, its group:s and role:s, and anyone; client: and anyone in a client's own
// token. Every permission has to pass
//
//	Enforce(thatSubject, object, action)
//
// For a user it also has to pass for a second such subject, which has one g row to the client: and one p row that allows
// exactly this permission: so a row about a client can deny and never adds.
//
// Door one builds an Enforcer of the textbook model and the rows about scopes, with one p row for each declared scope, filled with
// the values of the request: the scope allows the permission that it is named after. Every required scope has to pass for
// some scope of the token:
//
//	Enforce("scope:"+tokenScope, object, action)
//
// # The policy file
//
// UTF-8 lines that end in \n or \r\n, each at most 64 KiB: blank, a comment (first character '#', on a line of its own), or
// a row of fields between commas. Plain spaces and tabs may stand in front of a field and at the end of the line. Fields
// are not quoted: no name holds a comma, a quote, white space or a character that does not show. A token may name a
// subject with such characters; it then matches no row, and anyone still covers it.
//
//	p, SUBJECT, OBJECT, ACTION, allow|deny
//	g, WHO, WHAT
//
// Subjects are user:NAME, group:NAME, role:NAME, client:NAME, scope:NAME and anyone. Objects and actions are exact or end
// in one '*'. A g row leads from a user to a group, from a user, group, client, role or anyone to a role, or from a scope to a
// scope; no chain of them is longer than nine rows and none is a loop.
//
// The package is pure. It does no I/O, and it knows neither HTTP nor MCP.
package authz
