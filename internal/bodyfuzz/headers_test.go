package bodyfuzz

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
)

// encoded is a header value for any text (MCP 2026-07-28, "Value Encoding").
func encoded(text string) string {
	if strings.TrimSpace(text) == text && text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return text
	}
	return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(text)) + "?="
}

func (d *draft) drop(name string) {
	d.headers = slices.DeleteFunc(d.headers, func(h header) bool { return h.name == name })
}

// lie replaces a header, or adds one beside it.
func (d *draft) lie(name, value string) {
	if d.IntN(2) == 0 {
		d.drop(name)
	}
	at := d.IntN(len(d.headers) + 1)
	d.headers = slices.Insert(d.headers, at, header{name, value})
}

// headerBends are about the headers that repeat the body, and those that say in which session and revision it is.
func headerBends() []bend {
	name := func(d *draft) string {
		return d.pick("note", "wipe", "bytes_wipe", "plot", "app://plans", "user://alice", d.name)
	}
	method := func(d *draft) string {
		return d.pick("tools/call", "tools/list", "prompts/get", "resources/read", "TOOLS/CALL", d.method)
	}
	return []bend{
		{"Mcp-Name lies", func(d *draft) { d.lie("Mcp-Name", name(d)) }},
		{"Mcp-Name twice", func(d *draft) {
			d.headers = append(d.headers, header{"Mcp-Name", name(d)})
			d.headers = slices.Insert(d.headers, 0, header{"mcp-name", d.name})
		}},
		{"Mcp-Name encoded", func(d *draft) {
			d.drop("Mcp-Name")
			text := base64.StdEncoding.EncodeToString([]byte(name(d)))
			d.headers = append(d.headers, header{"Mcp-Name", d.pick("=?base64?"+text+"?=", "=?base64?"+text, "=?BASE64?"+text+"?=", "=?base64?"+text+"=?=", "=?base64??=")})
		}},
		{"Mcp-Name missing", func(d *draft) { d.drop("Mcp-Name") }},
		{"Mcp-Method lies", func(d *draft) { d.lie("Mcp-Method", method(d)) }},
		{"Mcp-Method missing", func(d *draft) { d.drop("Mcp-Method") }},
		{"headers swapped", func(d *draft) {
			d.drop("Mcp-Name")
			d.drop("Mcp-Method")
			d.headers = append(d.headers, header{"Mcp-Name", d.method}, header{"Mcp-Method", d.name})
		}},
		{"headers of the other era", func(d *draft) {
			if d.era > 0 {
				d.mirror()
				return
			}
			d.headers = append(d.headers, header{"Mcp-Session-Id", d.site.sessions[1+d.IntN(2)][d.who]})
		}},
		{"MCP-Protocol-Version", func(d *draft) {
			d.lie("MCP-Protocol-Version", d.pick(stateless, "2025-11-25", "2025-06-18", "2024-11-05", "2099-01-01", "", stateless+", 2025-11-25"))
		}},
		{"MCP-Protocol-Version missing", func(d *draft) { d.drop("MCP-Protocol-Version") }},
		{"Mcp-Param lies", func(d *draft) {
			d.lie(d.pick("Mcp-Param-Region", "Mcp-Param-N"), d.pick("eu", "us-east", "7", "=?base64?w45sZQ==?=", "1e2", "07", "7.0", ""))
		}},
		{"Mcp-Param missing", func(d *draft) { d.drop(d.pick("Mcp-Param-Region", "Mcp-Param-N")) }},
		{"session of another", func(d *draft) {
			d.lie("Mcp-Session-Id", d.site.sessions[1+d.IntN(2)][(d.who+1+d.IntN(len(d.site.callers)-1))%len(d.site.callers)])
		}},
		{"session garbage", func(d *draft) {
			d.lie("Mcp-Session-Id", d.pick("x", "mcp-session-00000000-0000-0000-0000-000000000000", ""))
		}},
		{"session missing", func(d *draft) { d.drop("Mcp-Session-Id") }},
		{"identity headers", func(d *draft) {
			d.headers = append(d.headers, header{d.pick("X-Forwarded-User", "X-User", "X-Subject", "X-Http-Method-Override", "X-Original-Url"), "alice"})
		}},
	}
}

// byteBends are about the text as a whole.
func byteBends() []bend {
	after := func(do func(*draft, []byte) []byte) func(*draft) {
		return func(d *draft) {
			r := *d // with the random source as it is now
			d.after = append(d.after, func(b []byte) []byte { return do(&r, b) })
		}
	}
	wrap := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	second := []byte(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"wipe","arguments":{"text":"second"}}}`)
	return []bend{
		{"batch", after(func(d *draft, b []byte) []byte {
			return [][]byte{wrap([]byte("["), b, []byte("]")), wrap([]byte("["), b, []byte(","), second, []byte("]")), wrap([]byte("[["), b, []byte("]]")), []byte("[]")}[d.IntN(4)]
		})},
		{"trailing data", after(func(d *draft, b []byte) []byte {
			return wrap(b, [][]byte{second, []byte("x"), {0}, []byte("}"), []byte(","), b, []byte("\n\n"), []byte(" \t\r\n")}[d.IntN(8)])
		})},
		{"leading data", after(func(d *draft, b []byte) []byte {
			return wrap([][]byte{[]byte("\xef\xbb\xbf"), []byte(" \n"), second, {0}, []byte("x"), []byte("\xff\xfe"), []byte("//\n"), []byte("\u00a0")}[d.IntN(8)], b)
		})},
		{"white space", after(func(d *draft, b []byte) []byte {
			return bytes.ReplaceAll(b, []byte(`":`), []byte(`"`+d.pick(" : ", "\t:\n", ":\r\n", "\n: ")))
		})},
		{"cut off", after(func(d *draft, b []byte) []byte { return b[:d.IntN(len(b)+1)] })},
		{"a byte changed", after(func(d *draft, b []byte) []byte {
			if len(b) > 0 {
				b[d.IntN(len(b))] = byte(d.IntN(256))
			}
			return b
		})},
		{"UTF-16", after(func(_ *draft, b []byte) []byte {
			wide := []byte("\xff\xfe")
			for _, c := range b {
				wide = append(wide, c, 0)
			}
			return wide
		})},
		{"compact spelling of nothing", after(func(d *draft, _ []byte) []byte { return []byte(d.pick("", "null", "{}", `""`, "1", "[]")) })},
	}
}
