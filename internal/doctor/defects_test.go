package doctor_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/doctor"
)

// defect is one thing that is wrong with a server, and what must be found for it.
type defect struct {
	id       string
	severity doctor.Severity
	name     string
	fake     fake
}

const (
	n = doctor.Note
	w = doctor.Warning
	p = doctor.Problem
)

// changed returns a server whose answers are changed.
func changed(change func(q *question, a *answer)) fake { return fake{change: change} }

// opened returns a server that answers some requests as if they had the token.
func opened(when func(q *question) bool) fake {
	return changed(func(q *question, a *answer) {
		if when(q) {
			q.open(a)
		}
	})
}

// header returns a server that sets a header in its refusals for want of a token, or takes it out.
func header(name, value string) fake {
	return changed(func(q *question, a *answer) {
		if a.status == 401 && q.Header.Get("Authorization") == "" {
			setHeader(a, name, value)
		}
	})
}

func setHeader(a *answer, name, value string) {
	a.header.Del(name)
	if value != "" {
		a.header.Set(name, value)
	}
}

// status returns a server with another status for what is refused for want of a token.
func status(code int, when func(q *question) bool) fake {
	return changed(func(q *question, a *answer) {
		if when(q) {
			a.say(code, "")
		}
	})
}

// challenged returns a server that rewrites its challenge.
func challenged(from, to string) fake {
	return changed(func(q *question, a *answer) {
		if q.Header.Get("Authorization") == "" {
			if value := a.header.Get("WWW-Authenticate"); value != "" {
				a.header.Set("WWW-Authenticate", strings.ReplaceAll(value, from, to))
			}
		}
	})
}

// described returns a server with another member in a document of its own.
func described(path, member string, value any) fake {
	return changed(func(q *question, a *answer) {
		if strings.HasPrefix(q.path, path) && a.status == 200 {
			if text, ok := value.(string); ok {
				value = strings.ReplaceAll(text, "ORIGIN", q.fake.origin)
			}
			a.edit(member, value)
		}
	})
}

func resource(member string, value any) fake {
	return described("/.well-known/oauth-protected-resource", member, value)
}

func authServer(member string, value any) fake {
	return described("/.well-known/oauth-authorization-server", member, value)
}

func method(name string) func(q *question) bool { return func(q *question) bool { return q.is(name) } }

// badJWT tells whether a request has a bad token that looks like a JWT with this in its header or claims.
func badJWT(parts func(header, claims string) bool) func(q *question) bool {
	return func(q *question) bool {
		fields := strings.Split(strings.TrimPrefix(q.bad(), "Bearer "), ".")
		return len(fields) == 3 && parts(decode(fields[0]), decode(fields[1]))
	}
}

func garbage(q *question) bool { return strings.HasPrefix(q.bad(), "Bearer sallyport-doctor-canary") }

func fromOrigin(want string) func(q *question) bool {
	return func(q *question) bool {
		return q.path == "/mcp" && q.Method == "POST" && strings.HasPrefix(q.Header.Get("Origin"), want)
	}
}

// withGoodToken changes answers to what has the token.
func withGoodToken(method string, change func(q *question, a *answer)) fake {
	return changed(func(q *question, a *answer) {
		if q.Header.Get("Authorization") == "Bearer "+goodToken && q.method == method && q.Header.Get("Origin") == "" {
			change(q, a)
		}
	})
}

func onMethod(name string, change func(q *question, a *answer)) fake {
	return changed(func(q *question, a *answer) {
		if q.Method == name && q.path == "/mcp" && q.Header.Get("Authorization") == "" {
			change(q, a)
		}
	})
}

func defects() []defect {
	var all []defect
	for _, theme := range [][]defect{connectionDefects(), gateDefects(), tokenDefects(), metadataDefects(), issuerDefects(), pageDefects(), messageDefects(), authorizedDefects()} {
		all = append(all, theme...)
	}
	return all
}

func connectionDefects() []defect {
	return []defect{
		{"tls.https", p, "http in the open", fake{host: "mcp.invalid"}},
		{"tls.certificate", p, "a certificate of nobody", fake{secure: true, adjust: func(o *doctor.Options) { o.Roots = nil }}},
		{"tls.certificate", p, "a certificate for another name", fake{secure: true, host: "other.invalid"}},
		{"tls.certificate", p, "a certificate of the past", fake{secure: true, adjust: at(2090)}},
		{"tls.expiry", w, "a certificate that ends soon", fake{secure: true, adjust: at(2084)}},
		{"tls.version", w, "TLS 1.0", fake{secure: true, config: func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }}},
		{"tls.hsts", n, "no HSTS", fake{secure: true, change: func(_ *question, a *answer) { a.header.Del("Strict-Transport-Security") }}},
		{"headers.no_store", n, "refusals that may be stored", header("Cache-Control", "max-age=60")},
		{"headers.nosniff", n, "no nosniff", header("X-Content-Type-Options", "")},
		{"headers.version", n, "X-Powered-By", header("X-Powered-By", "Express")},
		{"headers.version", n, "a version in Server", header("Server", "nginx/1.25.3")},
		{"headers.cookie", n, "a cookie", header("Set-Cookie", "sid=1; Path=/")},
	}
}

// at examines in January of another year. The certificate of the tests ends on 2084-01-29.
func at(year int) func(*doctor.Options) {
	return func(o *doctor.Options) {
		o.Now = func() time.Time { return time.Date(year, 1, 20, 0, 0, 0, 0, time.UTC) }
	}
}

func gateDefects() []defect {
	open := opened(func(q *question) bool { return q.path == "/mcp" && q.Method == "POST" })
	return []defect{
		{"gate.authorization", p, "no gate", open},
		{"gate.authorization", p, "no endpoint", status(404, func(q *question) bool { return q.path == "/mcp" })},
		{"gate.list", p, "an open list", opened(method("tools/list"))},
		{"gate.list", w, "403 for no token", status(403, method("tools/list"))},
		{"gate.list", w, "503 for no token", status(503, method("tools/list"))},
		{"gate.list", n, "400 for no token", status(400, method("tools/list"))},
		{"gate.call", p, "open calls", opened(method("tools/call"))},
		{"gate.discover", w, "an open discover", opened(method("server/discover"))},
		{"gate.initialize", w, "an open initialize", opened(method("initialize"))},
		{"gate.downgrade", p, "sessions that are taken at their word", changed(func(q *question, a *answer) {
			if q.is("tools/list") && q.Header.Get("Mcp-Session-Id") != "" {
				*a = rpcResult(map[string]any{"tools": []any{}})
			}
		})},
		{"challenge.bearer", p, "401 without a challenge", header("WWW-Authenticate", "")},
		{"challenge.bearer", p, "only Basic", header("WWW-Authenticate", `Basic realm="x"`)},
		{"challenge.bearer", p, "a quote that does not end", header("WWW-Authenticate", `Bearer scope="read`)},
		{"challenge.bearer", p, "a parameter twice", header("WWW-Authenticate", `Bearer scope="a", scope="b"`)},
		{"challenge.resource_metadata", w, "no resource_metadata", challenged("resource_metadata=", "realm=")},
		{"challenge.resource_metadata", w, "metadata on another host", challenged("127.0.0.1:", "localhost:")},
		{"challenge.resource_metadata", p, "metadata nowhere", changed(func(q *question, a *answer) {
			setHeader(a, "WWW-Authenticate", "Bearer")
			if strings.HasPrefix(q.path, "/.well-known/") {
				a.say(404, "")
			}
		})},
		{"challenge.resource_metadata", p, "no URL", challenged("http://", "")},
		{"challenge.scope", n, "no scope", challenged("scope=", "realm=")},
		{"challenge.no_error", w, "an error for no token", challenged("scope=", `error="invalid_token", scope=`)},
		{"challenge.body", w, "a stack trace", body401("panic\ngoroutine 7 [running]:\nmain.go:12")},
		{"challenge.body", w, "a path", body401("cannot read /home/app/keys.json")},
		{"challenge.body", w, "a version", body401("<center>nginx/1.25.3</center>")},
		{"challenge.body", w, "the issuer", body401(`{"issuers":["https://idp.internal.invalid"]}`)},
		{"challenge.body", w, "the name of a tool", body401("secret_tool needs a token")},
		{"challenge.body", w, "a novel", body401(strings.Repeat("no ", 2000))},
	}
}

func body401(text string) fake {
	return changed(func(q *question, a *answer) {
		if a.status == 401 && q.Header.Get("Authorization") == "" {
			a.body = text
		}
	})
}

func tokenDefects() []defect {
	unsigned := badJWT(func(header, _ string) bool { return strings.Contains(header, `"none"`) })
	forged := badJWT(func(header, _ string) bool { return strings.Contains(header, `"jwk"`) })
	foreign := badJWT(func(_, claims string) bool { return strings.Contains(claims, "other.invalid") })
	expired := badJWT(func(header, claims string) bool {
		return !strings.Contains(header, "jwk") && !strings.Contains(header, "none") && !strings.Contains(claims, "other.invalid")
	})
	return []defect{
		{"token.garbage", p, "any word is a token", opened(garbage)},
		{"token.garbage", p, "403 for a bad token", status(403, garbage)},
		{"token.garbage", p, "500 for a bad token", status(500, garbage)},
		{"token.garbage", w, "400 for a bad token", status(400, garbage)},
		{"token.scheme", p, "any scheme is Bearer", opened(func(q *question) bool { return strings.HasPrefix(q.bad(), "Basic ") })},
		{"token.unsigned", p, "alg none", opened(unsigned)},
		{"token.forged", p, "a key in the token", opened(forged)},
		{"token.foreign", p, "no audience", opened(foreign)},
		{"token.expired", p, "no end", opened(expired)},
		{"token.error", w, "no invalid_token", changed(func(q *question, a *answer) {
			if q.bad() != "" && a.status == 401 {
				a.header.Set("WWW-Authenticate", "Bearer")
			}
		})},
		{"token.error", w, "no resource_metadata with invalid_token", changed(func(q *question, a *answer) {
			if q.bad() != "" && a.status == 401 {
				a.header.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			}
		})},
		{"token.oracle", n, "reasons", changed(func(q *question, a *answer) {
			if expired(q) {
				a.body = "token is expired"
			}
		})},
		{"token.query", p, "tokens in URLs", opened(func(q *question) bool { return q.URL.Query().Has("access_token") })},
		{"token.query", p, "URLs that come back", changed(func(q *question, a *answer) {
			if q.URL.Query().Has("access_token") {
				a.body = q.URL.String()
			}
		})},
	}
}

func metadataDefects() []defect {
	const wellKnown = "/.well-known/oauth-protected-resource"
	missing := func(path string) fake { return status(404, func(q *question) bool { return q.path == path }) }
	return []defect{
		{"metadata.found", p, "no metadata", status(404, func(q *question) bool { return strings.HasPrefix(q.path, wellKnown) })},
		{"metadata.found", p, "no JSON", changed(func(q *question, a *answer) {
			if strings.HasPrefix(q.path, wellKnown) {
				a.body = "<html>"
			}
		})},
		{"metadata.found", p, "a text for a list", resource("authorization_servers", "ORIGIN")},
		{"metadata.found", p, "JSON as HTML", changed(func(q *question, a *answer) {
			if strings.HasPrefix(q.path, wellKnown) {
				a.header.Set("Content-Type", "text/html")
			}
		})},
		{"metadata.path", w, "nothing below the path", missing(wellKnown + "/mcp")},
		{"metadata.root", n, "nothing at the root", missing(wellKnown)},
		{"metadata.resource", p, "another resource", resource("resource", "https://other.invalid/mcp")},
		{"metadata.resource", p, "a slash too many", resource("resource", "ORIGIN/mcp/")},
		{"metadata.resource", p, "the host for the resource", resource("resource", "ORIGIN")},
		{"metadata.servers", p, "no issuer", resource("authorization_servers", []string{})},
		{"metadata.servers", p, "an issuer by http", resource("authorization_servers", []string{"http://idp.invalid"})},
		{"metadata.servers", p, "an issuer with a query", resource("authorization_servers", []string{"https://idp.invalid/?tenant=1"})},
		{"metadata.scopes", n, "no scopes", resource("scopes_supported", nil)},
		{"metadata.offline_access", w, "offline_access in the document", resource("scopes_supported", []string{"read", "offline_access"})},
		{"metadata.offline_access", w, "offline_access in the challenge", challenged(`scope="read"`, `scope="read offline_access"`)},
		{"metadata.bearer_methods", p, "tokens by query", resource("bearer_methods_supported", []string{"header", "query"})},
		{"metadata.bearer_methods", w, "tokens by body", resource("bearer_methods_supported", []string{"body"})},
		{"metadata.bearer_methods", n, "no bearer methods", resource("bearer_methods_supported", nil)},
		{"metadata.cors", n, "no CORS", changed(func(q *question, a *answer) {
			if strings.HasPrefix(q.path, wellKnown) {
				a.header.Del("Access-Control-Allow-Origin")
			}
		})},
		{"metadata.methods", w, "POST to the document", status(200, func(q *question) bool {
			return strings.HasPrefix(q.path, wellKnown) && q.Method == "POST"
		})},
	}
}

func issuerDefects() []defect {
	keys := func(key map[string]any) fake { return described("/keys", "keys", []any{key}) }
	return []defect{
		{"issuer.metadata", p, "an issuer that is silent", status(404, func(q *question) bool { return q.path == "/.well-known/oauth-authorization-server" })},
		{"issuer.identity", p, "another issuer", authServer("issuer", "ORIGIN/")},
		{"issuer.https", p, "an endpoint by http", authServer("token_endpoint", "http://idp.invalid/token")},
		{"issuer.https", p, "no token endpoint", authServer("token_endpoint", nil)},
		{"issuer.pkce", p, "no PKCE", authServer("code_challenge_methods_supported", nil)},
		{"issuer.pkce", w, "plain PKCE", authServer("code_challenge_methods_supported", []string{"plain", "S256"})},
		{"issuer.response_types", p, "no code flow", authServer("response_types_supported", []string{"token"})},
		{"issuer.response_types", w, "the implicit flow", authServer("response_types_supported", []string{"code", "id_token token"})},
		{"issuer.grants", w, "the password grant", authServer("grant_types_supported", []string{"authorization_code", "password"})},
		{"issuer.grants", n, "grants unsaid", authServer("grant_types_supported", nil)},
		{"issuer.iss", w, "no iss", authServer("authorization_response_iss_parameter_supported", false)},
		{"issuer.registration", n, "no introduction", authServer("client_id_metadata_document_supported", nil)},
		{"issuer.public_clients", n, "no public clients", authServer("token_endpoint_auth_methods_supported", []string{"client_secret_basic"})},
		{"issuer.public_clients", n, "methods unsaid", authServer("token_endpoint_auth_methods_supported", nil)},
		{"issuer.keys", p, "no keys", described("/keys", "keys", []any{})},
		{"issuer.keys", p, "keys that are not there", authServer("jwks_uri", "ORIGIN/nowhere")},
		{"issuer.keys", n, "no jwks_uri", authServer("jwks_uri", nil)},
		{"issuer.private_keys", p, "a private key", keys(map[string]any{"kty": "EC", "d": "secret"})},
		{"issuer.private_keys", p, "a symmetric key", keys(map[string]any{"kty": "oct", "k": "secret"})},
		{"issuer.algorithms", p, "assertions that are not signed", authServer("token_endpoint_auth_signing_alg_values_supported", []string{"ES256", "none"})},
		{"issuer.algorithms", w, "ID tokens that are not signed", authServer("id_token_signing_alg_values_supported", []string{"none"})},
	}
}

func pageDefects() []defect {
	reflected := func(when func(q *question) bool, credentials string) fake {
		return changed(func(q *question, a *answer) {
			if when(q) {
				a.header.Set("Access-Control-Allow-Origin", q.Header.Get("Origin"))
				setHeader(a, "Access-Control-Allow-Credentials", credentials)
			}
		})
	}
	evil := func(q *question) bool { return strings.HasPrefix(q.Header.Get("Origin"), "https://evil.invalid") }
	spoofed := func(q *question) bool { return q.Host == "evil.invalid" }
	return []defect{
		{"origin.foreign", p, "every page", opened(fromOrigin("https://evil.invalid"))},
		{"origin.foreign", w, "404 to a page", status(404, fromOrigin("https://evil.invalid"))},
		{"origin.null", p, "pages from nowhere", opened(fromOrigin("null"))},
		{"origin.lookalike", p, "a prefix", opened(func(q *question) bool { return strings.HasPrefix(q.Header.Get("Origin"), q.fake.origin+".") })},
		{"host.spoofed", p, "every Host", opened(spoofed)},
		{"host.spoofed", w, "404 for a Host", status(404, spoofed)},
		{"host.reflected", p, "addresses from Host", changed(func(q *question, a *answer) {
			if spoofed(q) {
				a.status = 401
				a.header.Set("WWW-Authenticate", `Bearer resource_metadata="http://`+q.Host+`/x"`)
			}
		})},
		{"host.reflected", p, "addresses from X-Forwarded-Host", changed(func(q *question, a *answer) {
			if host := q.Header.Get("X-Forwarded-Host"); host != "" && strings.HasPrefix(q.path, "/.well-known") {
				a.edit("resource", "https://"+host+"/mcp")
			}
		})},
		{"cors.reflect", p, "every origin with credentials", reflected(evil, "true")},
		{"cors.preflight", w, "every origin", reflected(func(q *question) bool { return evil(q) && q.Method == "OPTIONS" }, "")},
		{"cors.preflight", n, "every origin by a star", changed(func(q *question, a *answer) {
			if q.Method == "OPTIONS" {
				a.header.Set("Access-Control-Allow-Origin", "*")
			}
		})},
		{"cors.own", n, "preflights need a token", status(401, func(q *question) bool { return q.Method == "OPTIONS" })},
		{"method.get", p, "a stream for anybody", onMethod("GET", func(_ *question, a *answer) {
			a.say(200, ": ping\n\n")
			a.header.Set("Content-Type", "text/event-stream")
		})},
		{"method.get", n, "405 without Allow", onMethod("GET", func(_ *question, a *answer) { a.say(405, "") })},
		{"method.get", n, "400 to GET", onMethod("GET", func(_ *question, a *answer) { a.say(400, "") })},
		{"method.head", p, "HEAD for anybody", onMethod("HEAD", func(_ *question, a *answer) { a.say(200, "") })},
		{"method.put", p, "PUT for anybody", onMethod("PUT", func(_ *question, a *answer) { a.say(204, "") })},
		{"method.put", w, "PUT breaks it", onMethod("PUT", func(_ *question, a *answer) { a.say(500, "") })},
		{"method.delete", p, "DELETE for anybody", onMethod("DELETE", func(_ *question, a *answer) { a.say(200, "") })},
		{"method.trace", p, "TRACE", onMethod("TRACE", func(_ *question, a *answer) { a.say(200, "TRACE /mcp") })},
		{"path.variants", p, "another spelling", opened(func(q *question) bool { return q.path == "/MCP" })},
		{"path.variants", p, "an encoded letter", opened(func(q *question) bool { return q.path == "/%6dcp" })},
		{"path.variants", p, "another spelling, of an older server", changed(func(q *question, a *answer) {
			if q.path == "/MCP" {
				*a = rpcError(400, -32000)
			}
		})},
		{"path.variants", p, "two slashes", opened(func(q *question) bool { return q.path == "//mcp" })},
		{"path.variants", n, "a page for everything", changed(func(q *question, a *answer) {
			if a.status == 404 {
				a.say(200, "<html>")
			}
		})},
		{"path.diagnostics", w, "metrics for anybody", changed(func(q *question, a *answer) {
			if q.path == "/metrics" {
				a.say(200, "# HELP calls Calls.\n# TYPE calls counter\ncalls 1\n")
			}
		})},
	}
}

func messageDefects() []defect {
	without := func(part string) func(q *question) bool {
		return func(q *question) bool {
			return q.path == "/mcp" && q.Method == "POST" && q.Header.Get("Authorization") == "" && strings.Contains(q.body, part)
		}
	}
	list := func(q *question, a *answer) { *a = rpcResult(map[string]any{"tools": []any{}}) }
	when := func(part string, change func(q *question, a *answer)) fake {
		return changed(func(q *question, a *answer) {
			if without(part)(q) {
				change(q, a)
			}
		})
	}
	return []defect{
		{"message.duplicate", p, "the first method decides", when(`"method":"ping","method"`, list)},
		{"message.duplicate", n, "parsed before the token", status(400, without(`"method":"ping","method"`))},
		{"message.batch", p, "the first of a batch decides", when(`[{"jsonrpc"`, list)},
		{"message.broken", w, "a stack for a parser", when(`{"jsonrpc": "2.0"`, func(_ *question, a *answer) {
			a.say(400, "SyntaxError: Unexpected end\n    at parse (/srv/app/node_modules/body-parser/index.js:92:19)")
		})},
		{"message.broken", w, "500 for a parser", status(500, without(`{"jsonrpc": "2.0"`))},
		{"message.oversize", p, "everything is read", when(`"padding"`, list)},
		{"message.oversize", w, "slow", fake{adjust: func(o *doctor.Options) {
			began := o.Now()
			o.Now = func() time.Time { began = began.Add(6 * time.Second); return began }
		}}},
		{"message.text_plain", p, "text is JSON", opened(func(q *question) bool { return q.Header.Get("Content-Type") == "text/plain" })},
		{"message.text_plain", w, "text breaks it", status(500, func(q *question) bool { return q.Header.Get("Content-Type") == "text/plain" })},
	}
}

func authorizedDefects() []defect {
	public := func(q *question, a *answer) { *a = rpcResult(map[string]any{"tools": []any{}, "cacheScope": "public"}) }
	bare403 := func(_ *question, a *answer) { *a = plain(403, "no") }
	return []defect{
		{"auth.accepted", p, "the token is no good", fake{adjust: func(o *doctor.Options) { o.Token = "another" }}},
		{"auth.accepted", w, "the token is too small", changed(func(q *question, a *answer) {
			if q.bad() == "" && q.Header.Get("Authorization") != "" {
				a.say(403, "no")
			}
		})},
		{"auth.revisions", n, "no older revision", withGoodToken("initialize", func(_ *question, a *answer) { *a = rpcError(400, -32022) })},
		{"auth.revisions", n, "no newer revision", withGoodToken("tools/list", func(q *question, a *answer) {
			if strings.Contains(q.body, "protocolVersion") {
				*a = rpcError(400, -32600)
			}
		})},
		{"auth.cache_scope", n, "a public list", withGoodToken("tools/list", public)},
		{"auth.cache_scope", w, "no cacheScope", withGoodToken("prompts/list", func(_ *question, a *answer) { *a = rpcResult(map[string]any{}) })},
		{"auth.unknown_tool", w, "an error of a tool", withGoodToken("tools/call", func(_ *question, a *answer) { *a = rpcResult(map[string]any{"isError": true}) })},
		{"auth.step_up", w, "a bare 403", withGoodToken("tools/call", bare403)},
		{"auth.mismatch", w, "headers are not compared", withGoodToken("tools/list", func(q *question, a *answer) {
			if q.Header.Get("Mcp-Method") != "tools/list" {
				*a = rpcResult(map[string]any{"tools": []any{}, "cacheScope": "private"})
			}
		})},
		{"auth.mismatch", n, "another code", withGoodToken("tools/list", func(q *question, a *answer) {
			if q.Header.Get("Mcp-Method") != "tools/list" {
				*a = rpcError(400, -32600)
			}
		})},
		{"auth.version", w, "every revision", withGoodToken("tools/list", func(q *question, a *answer) {
			if strings.Contains(q.body, "2099") {
				*a = rpcResult(map[string]any{"tools": []any{}, "cacheScope": "private"})
			}
		})},
		{"auth.duplicate", p, "the last key wins", withGoodToken("tools/list", func(q *question, a *answer) {
			if strings.Count(q.body, `"method":`) > 1 {
				*a = rpcResult(map[string]any{"tools": []any{}, "cacheScope": "private"})
			}
		})},
		{"auth.duplicate", w, "two keys break it", withGoodToken("tools/list", func(q *question, a *answer) {
			if strings.Count(q.body, `"method":`) > 1 {
				*a = plain(500, "")
			}
		})},
		{"auth.session", w, "every session", withGoodToken("tools/list", func(q *question, a *answer) {
			if q.Header.Get("Mcp-Session-Id") != "" {
				*a = rpcResult(map[string]any{"tools": []any{}})
			}
		})},
		{"auth.echo", p, "the token in a body", withGoodToken("tools/call", func(q *question, a *answer) { a.body += " " + q.Header.Get("Authorization") })},
		{"auth.echo", p, "the token in a header", withGoodToken("tools/call", func(q *question, a *answer) {
			a.header = http.Header{"X-Caller": q.Header["Authorization"]}
		})},
	}
}

// TestEveryDefectIsFound plants one defect at a time in a server that is right in everything else. Its twin is that server.
func TestEveryDefectIsFound(t *testing.T) {
	worst := map[string]doctor.Severity{}
	twins := map[bool]*doctor.Report{}
	for _, secure := range []bool{false, true} {
		twins[secure] = examine(t, &fake{secure: secure})
	}
	for _, d := range defects() {
		t.Run(d.id+"/"+d.name, func(t *testing.T) {
			t.Parallel()
			if got := finding(twins[d.fake.secure], d.id); got.Severity != doctor.OK && d.id != "auth.step_up" {
				t.Fatalf("without the defect: %v: %s", got.Severity, got.Seen)
			}
			report := examine(t, &d.fake)
			got := finding(report, d.id)
			if got.Severity != d.severity {
				t.Errorf("%v: %s; want %v", got.Severity, got.Seen, d.severity)
			}
			if got.Why == "" || got.Mend == "" || got.Seen == "" || got.Clause == "" {
				t.Errorf("a finding that explains nothing: %+v", got)
			}
			if printed := text(t, report, true); strings.Contains(printed, goodToken) {
				t.Errorf("the token is printed:\n%s", printed)
			}
		})
		worst[d.id] = max(worst[d.id], d.severity)
	}
	for _, c := range doctor.Checks() {
		if worst[c.ID] != c.Worst {
			t.Errorf("%s: the worst defect planted is %v, the check says %v", c.ID, worst[c.ID], c.Worst)
		}
	}
}

// TestStepUp is the twin of a bare 403: one that says what helps.
func TestStepUp(t *testing.T) {
	f := withGoodToken("tools/call", func(q *question, a *answer) {
		*a = q.fake.challenge(`error="insufficient_scope", `)
		a.status = 403
	})
	if got := finding(examine(t, &f), "auth.step_up"); got.Severity != doctor.OK {
		t.Errorf("%+v", got)
	}
}
