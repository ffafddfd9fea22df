package doctor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func metadataChecks() []Check {
	const location = "MCP 2026-07-28, Authorization Server Discovery, \"Authorization Server Location\""
	return []Check{
		{
			ID: "metadata.found", Title: "Resource metadata is served as JSON", Worst: Problem,
			Clause: location + "; RFC 9728, section 3.2",
			Why:    "It is the only way for a client that was never here to find out where to get a token.",
			Mend:   "Serve the document of RFC 9728 at /.well-known/oauth-protected-resource/PATH, without a token, as application/json.",
			look:   lookMetadataFound,
		},
		{
			ID: "metadata.path", Title: "It is at the address that follows from the endpoint's", Worst: Warning,
			Clause: "RFC 9728, section 3.1",
			Why:    "Clients that did not get a challenge, and those that were written by the standard, look below the path first.",
			Mend:   "Insert /.well-known/oauth-protected-resource between host and path.",
			look:   lookMetadataPath,
		},
		{
			ID: "metadata.root", Title: "It is at the root as well", Worst: Note,
			Clause: "MCP 2026-07-28, Authorization Server Discovery, \"Protected Resource Metadata Discovery Requirements\"",
			Why:    "Some older clients look there only.",
			Mend:   "Serve the same document at /.well-known/oauth-protected-resource, if this host has one MCP server.",
			look:   lookMetadataRoot,
		},
		{
			ID: "metadata.resource", Title: "It names exactly this URL as its resource", Worst: Problem,
			Clause: "RFC 9728, section 3.3; RFC 8707, section 2",
			Why:    "A client must not use a document that speaks of another resource: it could be made to fetch tokens for somebody else.",
			Mend:   "Set resource to the URL that clients are given, scheme, host, port and path, without a slash at the end.",
			look:   lookMetadataResource,
		},
		{
			ID: "metadata.servers", Title: "It names authorization servers, by https", Worst: Problem,
			Clause: location + "; RFC 8414, section 2",
			Why:    "Without one there is nobody to get a token from; over plain http somebody in between says who it is.",
			Mend:   "List at least one issuer identifier in authorization_servers: an https URL without query and fragment.",
			look:   lookMetadataServers,
		},
	}
}

func metadataContentChecks() []Check {
	return []Check{
		{
			ID: "metadata.scopes", Title: "It lists the scopes of a first use", Worst: Note,
			Clause: "RFC 9728, section 2; MCP 2026-07-28, Authorization, \"Scope Selection Strategy\"",
			Why:    "A client that got no scope from the challenge asks for these.",
			Mend:   "List in scopes_supported the few scopes that basic use needs.",
			look:   lookMetadataScopes,
		},
		{
			ID: "metadata.offline_access", Title: "offline_access is asked for nowhere", Worst: Warning,
			Clause: "MCP 2026-07-28, Authorization, \"Refresh Tokens\"",
			Why:    "Refresh tokens are between client and issuer. Here it makes every client ask for a power that the resource does not need.",
			Mend:   "Leave offline_access out of scopes_supported and of every challenge.",
			look:   lookOfflineAccess,
		},
		{
			ID: "metadata.bearer_methods", Title: "Tokens are taken from the header only", Worst: Problem,
			Clause: "RFC 9728, section 2; MCP 2026-07-28, Authorization, \"Token Requirements\"",
			Why:    "A client that believes the document puts its token into a URL or a body, where it is logged.",
			Mend:   "Set bearer_methods_supported to [\"header\"].",
			look:   lookBearerMethods,
		},
		{
			ID: "metadata.cors", Title: "Clients in browsers can read it", Worst: Note,
			Clause: "Fetch Standard, \"CORS protocol\"; RFC 9728, section 3",
			Why:    "The document is public, and a client in a browser reads it only with Access-Control-Allow-Origin.",
			Mend:   "Send Access-Control-Allow-Origin: * with it, and nothing about credentials.",
			look:   lookMetadataCORS,
		},
		{
			ID: "metadata.methods", Title: "It can be read and nothing else", Worst: Warning,
			Clause: "RFC 9728, section 3.1; RFC 9110, section 15.5.6",
			Why:    "What answers a POST or a DELETE there is not a fixed document, and it needs no token.",
			Mend:   "Answer GET and HEAD; 405 with Allow for the rest.",
			look:   lookMetadataMethods,
		},
	}
}

func lookMetadataFound(v *visit) verdict {
	d := v.metadata()
	if d == nil {
		if v.posture() == PostureOpen {
			return skipped(noMetadata)
		}
		var tried []string
		for _, d := range v.documents() {
			tried = append(tried, v.relative(d.url)+": "+d.err.Error())
		}
		return problem("%s", strings.Join(tried, "; "))
	}
	if kind := d.x.header.Get("Content-Type"); !strings.HasPrefix(strings.ToLower(kind), "application/json") {
		return problem("%s is served as %q", v.relative(d.url), kind)
	}
	return ok("%s", v.relative(d.url))
}

func lookMetadataPath(v *visit) verdict {
	return withMetadata(v, func(*document) verdict {
		if d := v.at(v.wellKnown()); d.err != nil {
			return warning("%s: %v", v.relative(d.url), d.err)
		}
		return ok("%s", v.relative(v.wellKnown()))
	})
}

func lookMetadataRoot(v *visit) verdict {
	return withMetadata(v, func(*document) verdict {
		root := v.at(v.origin() + resourceWellKnown)
		if root.err != nil {
			return note("%s: %v", v.relative(root.url), root.err)
		}
		return ok("%s", v.relative(root.url))
	})
}

// at returns the copy of one place.
func (v *visit) at(address string) *document {
	for _, d := range v.documents() {
		if d.url == address {
			return d
		}
	}
	return v.document("there", address)
}

// lookMetadataResource lets the copy at the root speak of the whole host, which is its own resource there.
func lookMetadataResource(v *visit) verdict {
	return eachDocument(v, func(d *document) verdict {
		switch {
		case d.Resource == v.resource() || d.Resource == v.target.String():
			return ok("resource: %s", d.Resource)
		case d.where == "at the root" && v.at(v.wellKnown()).err == nil && (d.Resource == v.origin() || d.Resource == v.origin()+"/"):
			return ok("resource: %s at the root", d.Resource)
		}
		return problem("%s says %q, and the URL is %s", v.relative(d.url), d.Resource, v.resource())
	})
}

func lookMetadataServers(v *visit) verdict {
	return eachDocument(v, func(d *document) verdict {
		if len(d.AuthorizationServers) == 0 {
			return problem("%s: no authorization_servers", v.relative(d.url))
		}
		for _, server := range d.AuthorizationServers {
			if err := v.mayFetch(server); err != nil {
				return problem("%s: %v", server, err)
			}
			if u, err := url.Parse(server); err == nil && u.RawQuery != "" {
				return problem("%s: an issuer with a query", server)
			}
		}
		return ok("%s", strings.Join(d.AuthorizationServers, ", "))
	})
}

func lookMetadataScopes(v *visit) verdict {
	return withMetadata(v, func(d *document) verdict {
		if len(d.ScopesSupported) == 0 {
			return note("%s: no scopes_supported", v.relative(d.url))
		}
		return ok("%s", strings.Join(d.ScopesSupported, " "))
	})
}

func lookOfflineAccess(v *visit) verdict {
	if x := v.guarded(); x != nil && slices.Contains(strings.Fields(x.param("scope")), "offline_access") {
		return warning("in the challenge: scope=%q", x.param("scope"))
	}
	return withMetadata(v, func(d *document) verdict {
		if slices.Contains(d.ScopesSupported, "offline_access") {
			return warning("scopes_supported: %s", strings.Join(d.ScopesSupported, " "))
		}
		return ok("neither in the challenge nor in the document")
	})
}

func lookBearerMethods(v *visit) verdict {
	return withMetadata(v, func(d *document) verdict {
		if d.BearerMethods == nil {
			return note("%s: no bearer_methods_supported", v.relative(d.url))
		}
		methods := strings.Join(*d.BearerMethods, ", ")
		switch {
		case slices.Contains(*d.BearerMethods, "query"):
			return problem("bearer_methods_supported: %s", methods)
		case !slices.Equal(*d.BearerMethods, []string{"header"}):
			return warning("bearer_methods_supported: %s", methods)
		}
		return ok("bearer_methods_supported: %s", methods)
	})
}

func lookMetadataCORS(v *visit) verdict {
	return withMetadata(v, func(d *document) verdict {
		x := v.send(get("GET "+v.relative(d.url), d.url).with("Origin", evilOrigin))
		allowed := x.header.Get("Access-Control-Allow-Origin")
		switch {
		case x.silent():
			return unseen("%v", x)
		case allowed == "*" || allowed == evilOrigin: // cors.reflect has an eye on credentials
			return ok("Access-Control-Allow-Origin: %s", allowed)
		}
		return note("Access-Control-Allow-Origin: %s", orNone(allowed))
	})
}

func lookMetadataMethods(v *visit) verdict {
	return withMetadata(v, func(d *document) verdict {
		var all []verdict
		for _, method := range []string{http.MethodPost, http.MethodDelete} {
			x := v.send(ask{name: method + " " + v.relative(d.url), method: method, url: d.url})
			switch {
			case x.err != nil:
				all = append(all, gone(x))
			case x.status/100 == 2 || x.status/100 == 5:
				all = append(all, warning("%v", x))
			default:
				all = append(all, ok("%s: %d", method, x.status))
			}
		}
		return worst(all...)
	})
}
