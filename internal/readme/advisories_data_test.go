package readme

// advisory is a published vulnerability of another product, in our own words. It names either
// the tests that send here what was sent there, or why there is nothing to send it to.
type advisory struct {
	ids     string // as they were published, by space
	product string
	essence string
	tests   string // "package Test...", by comma
	reason  string // why not, instead of tests
}

// advisoriesOfMessages are about readers that disagree, and what a message makes of a server.
func advisoriesOfMessages() []advisory {
	return []advisory{
		{"CVE-2026-27896", "MCP Go SDK", "took members in any case, and with letters that fold to ASCII, for those of the protocol", "server TestAdvisory_Messages, transport/message TestRefused, transport/token TestJ21_UnicodeTwins", ""},
		{"GHSA-4gph-2hhr-5mwg", "Envoy AI Gateway", "read the members of a message regardless of case, so that what it checked was not what was carried out", "server TestAdvisory_Messages, transport/message TestGrammarViolations", ""},
		{"GHSA-q382-vc8q-7jhj", "MCP Go SDK", "took a name with a NUL at its end for the name without, and the last of both", "server TestAdvisory_Messages, server TestAdvisory_NamesThatEndInNUL", ""},
		{"CVE-2025-53366", "MCP Python SDK", "ended when a message did not validate", "server TestAdvisory_Messages", ""},
		{"CVE-2025-53365", "MCP Python SDK", "ended when a connection of a session broke", "server TestAdvisory_BrokenConnections", ""},
		{"CVE-2026-47427", "GitHub MCP server", "followed the absent reference of a completion, before it asked for a token", "server TestAdvisory_Completion, transport/message TestM11_CompletionWithAbsentParts", ""},
		{"CVE-2026-67432 CVE-2026-63658 GHSA-4x8c-5vv7-973f", "MCP Ruby, Kotlin and Java SDK", "read a body of any size into memory", "transport TestR14_BodyTooLarge", ""},
		{"CVE-2026-0621", "MCP TypeScript SDK", "matched a URI with a pattern that backtracks without end", "server TestAdvisory_ResourceTemplates", ""},
		{"GO-2025-3563", "Go, net/http", "took a bare LF for the end of a chunk size, which others do not", "transport TestH17_BadlyFramedBodies", ""},
		{"CVE-2026-63119", "MCP Ruby SDK", "read a line of any length from standard input", "", "there is no stdio transport"},
	}
}

// advisoriesOfSessions are about who a session, a stream or a task belongs to.
func advisoriesOfSessions() []advisory {
	return []advisory{
		{"CVE-2026-33946", "MCP Ruby SDK", "gave the stream of a session to whoever named it", "server TestAdvisory_Sessions, server TestM15_M16_SessionsAreTheirCallers", ""},
		{"CVE-2026-52869", "MCP Python SDK", "looked up a session by its id and did not compare the caller", "server TestAdvisory_Sessions", ""},
		{"CVE-2026-67431", "MCP Ruby SDK", "ran tools in a session for whoever named it", "server TestAdvisory_Sessions", ""},
		{"CVE-2025-6515", "oatpp-mcp", "made session ids of addresses in memory, which come again", "server TestAdvisory_SessionsCannotBeGuessed, server TestM15_M16_SessionsAreTheirCallers", ""},
		{"CVE-2026-67430", "MCP Ruby SDK", "kept every session that was ever begun", "server TestAdvisory_NothingBeginsWithoutAToken, transport TestOpenedIsBounded", ""},
		{"CVE-2026-63128", "MCP Rust SDK", "made a session before it read the message, and kept it when the message was none", "server TestAdvisory_NothingBeginsWithoutAToken", ""},
		{"CVE-2026-25536", "MCP TypeScript SDK", "sent answers to another client that used the same request id", "server TestAdvisory_AnswersReachTheirCaller, transport TestR17_R19_SameIDInFlight", ""},
		{"CVE-2026-48529", "GitHub MCP server", "asked for every caller with the identity of the first one", "server TestAdvisory_AnswersReachTheirCaller", ""},
		{"CVE-2026-52870", "MCP Python SDK", "let anybody list, read and cancel the tasks of others", "server TestAdvisory_Tasks", ""},
	}
}

// advisoriesOfGates are about decisions that one path takes and another does not.
func advisoriesOfGates() []advisory {
	return []advisory{
		{"CVE-2026-11719", "MCP Toolbox for Databases", "checked the scopes of a tool in the newest revision only", "server TestAdvisory_OlderRevisions, server TestM07_M10_OneGateOnEveryPath", ""},
		{"CVE-2026-46519", "mcp-server-kubernetes", "hid tools from the list and ran them all the same", "server TestAdvisory_WhatIsNotListed", ""},
		{"CVE-2026-77243", "mcp-atlassian", "hid tools from the list and ran them all the same", "server TestAdvisory_WhatIsNotListed", ""},
		{"CVE-2026-49291", "mcp-memory-service", "let a token for reading write, through tools/call", "server TestAdvisory_WhatIsNotListed", ""},
		{"GHSA-vw82-7fv8-r6gp", "Obot", "asked for no right to a server whose id was known", "server TestAdvisory_WhatIsNotListed", ""},
		{"CVE-2026-30856", "WeKnora", "joined names so that one tool could stand for another", "server TestAdvisory_ToolNames", ""},
		{"CVE-2026-76097", "Docker MCP Gateway", "let a tool of one server hide that of another", "server TestAdvisory_ToolNames", ""},
		{"CVE-2026-33504", "Ory Hydra", "put a forged page token into a query", "server TestAdvisory_Cursors, transport TestM02_Cursors", ""},
		{"GHSA-vhvq-fv9f-wh4q", "SpiceDB", "ended at a forged cursor", "server TestAdvisory_Cursors", ""},
		{"CVE-2026-59822", "LiteLLM", "went on with an empty caller when a token was not good", "server TestAdvisory_NoToken", ""},
		{"CVE-2026-32211 CVE-2026-76092", "Azure DevOps MCP, Docker MCP Gateway", "asked for no token, or not in every mode", "server TestAdvisory_NoToken", ""},
		{"GHSA-5j8j-256g-vvp5", "mcp-atlassian", "asked for a token on some of its paths", "server TestAdvisory_NoToken, transport TestH08_H09_OnlyOnePathReachesTheTools", ""},
		{"GHSA-g53w-w6mj-hrpp", "Kuadrant MCP Gateway", "believed a header with a key that was in the default configuration", "server TestAdvisory_NoToken", ""},
		{"CVE-2026-40091", "SpiceDB", "logged a password at its start", "server TestL01_NoSecretIsTold", ""},
	}
}

// advisoriesOfHTTP are about browsers, headers, paths and connections.
func advisoriesOfHTTP() []advisory {
	return []advisory{
		{"CVE-2025-66414 CVE-2025-66416 CVE-2026-34742 CVE-2026-35568 CVE-2026-42559 CVE-2026-63118", "MCP TypeScript, Python, Go, Java, Rust and Ruby SDK", "served a page whose own name leads to loopback", "server TestAdvisory_Browsers, transport TestH13_Host", ""},
		{"CVE-2026-11624 CVE-2026-9739 CVE-2025-64443", "MCP Toolbox for Databases, Docker MCP Gateway", "served such a page by default, or on an older path", "server TestAdvisory_Browsers", ""},
		{"CVE-2026-59950", "MCP Python SDK", "opened a WebSocket for any page", "server TestAdvisory_Browsers", ""},
		{"CVE-2026-34237 CVE-2026-33010", "MCP Java SDK, mcp-memory-service", "let every page read its answers", "server TestAdvisory_Browsers, server TestH12_PreflightOfTheWholeStack", ""},
		{"CVE-2026-33252", "MCP Go SDK", "ran what a page may send without asking: a body of plain text", "server TestAdvisory_Browsers, transport TestH14_ContentType", ""},
		{"CVE-2025-49596", "MCP Inspector", "listened on loopback and asked nobody for a token", "server TestAdvisory_NoToken", ""},
		{"CVE-2026-49468", "LiteLLM", "took a path out of the Host header, and another for its checks", "server TestAdvisory_Browsers", ""},
		{"CVE-2025-64484", "oauth2-proxy", "passed on an identity that a caller wrote with underscores", "server TestAdvisory_NoToken, server TestAdvisory_Identity", ""},
		{"CVE-2026-33495", "Ory Oathkeeper", "decided by a protocol that a caller wrote in a header", "server TestAdvisory_NoToken, server TestAdvisory_Identity", ""},
		{"CVE-2026-40575", "oauth2-proxy", "decided by a path that a caller wrote in a header", "server TestAdvisory_NoToken", ""},
		{"CVE-2026-34457", "oauth2-proxy", "let in whoever had the user agent of a probe", "server TestAdvisory_NoToken", ""},
		{"CVE-2026-26205 CVE-2026-33494 CVE-2026-41059", "OPA for Envoy, Ory Oathkeeper, oauth2-proxy", "decided about another path than was served: two slashes, dots, a fragment", "server TestAdvisory_NoToken, transport TestH08_H09_OnlyOnePathReachesTheTools", ""},
		{"CVE-2023-29193", "SpiceDB", "showed its command line, with a key, beside its metrics", "server TestAdvisory_NoToken, server TestRunServesAndStops", ""},
		{"CVE-2026-32136", "AdGuard Home", "served an upgrade to HTTP/2 past its checks", "server TestAdvisory_NoToken", ""},
		{"CVE-2023-44487", "HTTP/2 servers", "worked for streams that were reset at once", "server TestAdvisory_HTTP2", ""},
		{"GO-2026-6089", "Go, net/http", "waited without end for the rest of the beginning of HTTP/2", "server TestAdvisory_HTTP2, server TestF04_SlowClientsAreLeft", ""},
		{"GO-2026-5039", "Go, net/textproto", "repeated a malformed header in an error as it came", "server TestAdvisory_LinesOfTheLog", ""},
	}
}

// advisoriesOfTokens are about tokens and authorization servers.
func advisoriesOfTokens() []advisory {
	return []advisory{
		{"CVE-2026-34986 CVE-2024-28180 GHSA-2c7c-3mj9-8fqh", "go-jose", "panicked at, unpacked or derived keys for an encrypted token of a stranger", "transport/token TestJ14_EncryptedToken, transport/token TestJ14_LargeEncryptedToken", ""},
		{"CVE-2025-30204", "golang-jwt", "took a token apart at every dot there was", "transport/token TestJ42_Size", ""},
		{"CVE-2026-55689", "OpenFGA", "skipped the audience when none was configured", "server TestJ33_NoAudienceNoStart, transport/token TestJ33_Configuration", ""},
		{"CVE-2026-11717", "MCP Toolbox for Databases", "took an answer about a token that did not say active for a yes", "transport/token TestIntrospection_ReadsStrictly", ""},
		{"CVE-2024-23647", "authentik", "asked for no verifier when a request was stripped of its challenge", "authserver TestO05_Downgrade", ""},
		{"CVE-2026-55672 CVE-2026-16089", "Zitadel, Keycloak", "gave tokens for the code, or the refresh token, of another client", "authserver TestO08_CodeOfAnotherClient, authserver TestO35_Refresh", ""},
		{"CVE-2026-7571", "Keycloak", "gave an access token through the browser though that was off", "authserver TestAuthorizeRefusals", ""},
		{"CVE-2026-27124 GHSA-rww4-4w9c-7733", "FastMCP", "let one browser finish what another one consented to", "authserver TestO24_ConsentStaysInItsBrowser", ""},
		{"GHSA-6x8h-498w-gv8c", "FastMCP", "consented silently, since the user had once", "authserver TestO23_ConsentIsAskedEveryTime", ""},
		{"CVE-2026-1035", "Keycloak", "let a refresh token be used several times at once", "authserver TestO34_RefreshInParallel, authserver TestO34_ReuseRevokesTheFamily", ""},
		{"CVE-2021-4294", "OpenShift osin", "compared a client's secret in a time that depends on it", "authserver TestO27_SecretsAreKeptAsHashes, authserver TestO40_ClientAuthentication", ""},
		{"CVE-2026-9802", "Keycloak", "accepted used refresh tokens again after a restart", "", "the embedded authorization server keeps grants in memory: after a restart none of its tokens is good"},
		{"CVE-2026-11718", "MCP Toolbox for Databases", "did not miss the issuer in an answer about a token", "", "the answer is that of the endpoint of the one issuer that was asked, where the member is optional (RFC 7662); one that names another issuer is refused"},
		{"CVE-2026-54450 CVE-2026-44430 CVE-2026-32871", "authorization servers, MCP Registry, FastMCP", "fetched an address that a caller chose", "", "nothing is fetched from an address in a request: no client metadata, no upstream of a tool"},
	}
}

// advisoriesElsewhere are about what is no part of this project.
func advisoriesElsewhere() []advisory {
	return []advisory{
		{"CVE-2025-6514 CVE-2026-63127 CVE-2026-64684", "mcp-remote, MCP Rust SDK", "believed what a server said about where to log in, or took its headers along", "", "they are about clients"},
		{"CVE-2026-30623 CVE-2025-54136 CVE-2026-76099 CVE-2026-76094", "LiteLLM, Cursor, Docker MCP Gateway", "started what a configuration or a catalogue named", "", "no process is started for a caller"},
		{"CVE-2025-53109 CVE-2025-53110 CVE-2025-68143 CVE-2025-68144 CVE-2025-68145 CVE-2026-53710", "MCP reference servers, IBM ContextForge", "had tools that left their folder or sandbox", "", "they are about what a tool does; the gate decides who may call it"},
	}
}
