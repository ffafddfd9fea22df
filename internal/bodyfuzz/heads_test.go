package bodyfuzz

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// values returns the values of a header, whatever the case of its name.
func (p *post) values(name string) []string {
	var all []string
	for _, h := range p.headers {
		if strings.EqualFold(h.name, name) {
			all = append(all, h.value)
		}
	}
	return all
}

// headed checks that the headers of what ran said what every reader sees in its body, and that its session was its caller's.
func (s *site) headed(o outcome, see reading) error {
	var body struct {
		Params struct {
			Arguments map[string]json.RawMessage `json:"arguments"`
			Meta      map[string]json.RawMessage `json:"_meta"`
		} `json:"params"`
	}
	_ = json.Unmarshal(o.post.body, &body) // what ran is readable
	modern := string(body.Params.Meta["io.modelcontextprotocol/protocolVersion"]) != ""
	if !modern {
		session := o.values("Mcp-Session-Id")
		if len(session) != 1 || session[0] != s.sessions[1][o.who] && session[0] != s.sessions[2][o.who] {
			return fmt.Errorf("ran in the sessions %q, which are not one of its caller's", session)
		}
	}
	want := map[string]string{"Mcp-Method": see.method}
	if see.method != "completion/complete" {
		want["Mcp-Name"] = see.name
	}
	if see.method == "tools/call" && see.name == "region" {
		want["Mcp-Param-Region"] = text(body.Params.Arguments["region"])
		if n := body.Params.Arguments["n"]; n != nil {
			want["Mcp-Param-N"] = string(n)
		}
	}
	for name, value := range want {
		got := o.values(name)
		if len(got) == 0 && !modern {
			continue
		}
		if len(got) != 1 || plain(got[0]) != value {
			return fmt.Errorf("ran with %s %q, its body says %q", name, got, value)
		}
	}
	if version := o.values("MCP-Protocol-Version"); len(version) > 1 || modern && !slices.Equal(version, []string{stateless}) {
		return fmt.Errorf("ran in the revisions %q", version)
	}
	return nil
}

// plain decodes a header value.
func plain(value string) string {
	inner, ok := strings.CutPrefix(value, "=?base64?")
	if !ok || !strings.HasSuffix(inner, "?=") {
		return value
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(inner, "?="))
	if err != nil {
		return value
	}
	return string(text)
}
