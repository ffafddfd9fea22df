package doctor

import (
	"encoding/json"
	"errors"
	"net/http"
)

// mayUseToken says why the token is not used, nil if it is.
func (v *visit) mayUseToken() error {
	switch {
	case v.opts.Token == "":
		return errors.New("no token was given (--token-file)")
	case v.target.Scheme == "https":
		if v.certs.wrong(v.target.Hostname()) != nil {
			return errors.New("the token is not sent to a server whose certificate is no good")
		}
	case !v.onLoopback():
		return errors.New("the token is not sent over plain http")
	}
	return nil
}

// authorized sends a request with the token.
func (v *visit) authorized(a ask) *exchange {
	a.token = true
	return v.send(a.called(a.name + " with the token"))
}

// lists are the requests that only read what a server offers, those of revision 2026-07-28.
func (v *visit) lists() []*exchange {
	var all []*exchange
	for _, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		all = append(all, v.authorized(v.modern(method, nil)))
	}
	return all
}

// olderList begins a session of the revision before, and asks for a list in it.
func (v *visit) olderList() (*exchange, *exchange) {
	begun := v.authorized(v.initialize())
	if begun.rpc().Result == nil {
		return begun, nil
	}
	v.session = begun.header.Get("Mcp-Session-Id")
	if v.session != "" {
		initialized := []byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
		v.authorized(v.post("notifications/initialized", initialized).
			with("Mcp-Protocol-Version", olderRevision).with("Mcp-Session-Id", v.session))
	}
	return begun, v.authorized(v.older("tools/list", nil, v.session))
}

// servedWithToken is a request that reads and that the server answers with the token; if there is none, one that it could answer.
func (v *visit) servedWithToken() ask {
	modern := v.modern("tools/list", nil)
	if v.authorized(modern).rpc().Result == nil {
		if _, older := v.olderList(); older != nil && older.rpc().Result != nil {
			return v.older("tools/list", nil, v.session)
		}
	}
	return modern
}

// endSession leaves nothing behind.
func (v *visit) endSession() {
	if v.session != "" {
		v.send(ask{
			name: "DELETE of the session", method: http.MethodDelete, url: v.target.String(), token: true,
			header: map[string]string{"Mcp-Session-Id": v.session, "Mcp-Protocol-Version": olderRevision},
		})
	}
}

// toolNames are the names of the tools that the token is shown, none without one.
func (v *visit) toolNames() []string {
	if v.mayUseToken() != nil {
		return nil
	}
	var result struct {
		Tools []struct {
			Name string `json:"name"`
		} `json:"tools"`
	}
	if json.Unmarshal(v.authorized(v.modern("tools/list", nil)).rpc().Result, &result) != nil {
		return nil
	}
	var names []string
	for _, tool := range result.Tools {
		if len(tool.Name) > 3 { // a shorter one stands in other words by chance
			names = append(names, tool.Name)
		}
	}
	return names
}

// withToken skips a check that needs a token if there is none, or if the server does not take it.
func withToken(look func(*visit) verdict) func(*visit) verdict {
	return func(v *visit) verdict {
		if why := v.mayUseToken(); why != nil {
			return skipped("%v", why)
		}
		return look(v)
	}
}

// withModern skips a check of revision 2026-07-28 if the server does not serve it with this token.
func withModern(look func(*visit) verdict) func(*visit) verdict {
	return withToken(func(v *visit) verdict {
		if x := v.authorized(v.modern("tools/list", nil)); x.rpc().Result == nil {
			return skipped("no tools/list of %s with this token: %d", modernRevision, x.status)
		}
		return look(v)
	})
}
