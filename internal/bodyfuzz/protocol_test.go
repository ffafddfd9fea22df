package bodyfuzz

import (
	"strings"
)

// protocolBends are about what the members mean.
func protocolBends() []bend {
	return []bend{
		{"strange id", func(d *draft) {
			d.top.set("id", d.pick("null", "true", "{}", "[]", "[1]", "1.5", "1e2", "1.0", "-0", `""`, "-7", "9007199254740993", "1e400",
				"123456789012345678901234567890", `"\u0031"`, `"\ud800"`, quote(strings.Repeat("x", 254)), quote(strings.Repeat("x", 255)), `"null"`))
		}},
		{"repeated id", func(d *draft) { d.top.set("id", d.pick("1", `"1"`)) }},
		{"notification", func(d *draft) { d.top.remove("id") }},
		{"response", func(d *draft) {
			d.top.remove("method")
			d.top.add(d.pick("result", "error"), d.pick(`{}`, `{"code":1,"message":"x"}`, `null`, `[]`))
		}},
		{"response with a method", func(d *draft) { d.top.add(d.pick("result", "error"), d.pick(`{}`, `null`, `1`)) }},
		{"method variant", func(d *draft) {
			d.top.set("method", d.pick(quote(strings.ToUpper(d.method)), quote(d.method+" "), quote(" "+d.method), quote(d.method+"/"),
				quote(strings.Replace(d.method, "/", "//", 1)), quote(d.method+"\x00"), quote(strings.Replace(d.method, "/", ".", 1)),
				quote("rpc."+d.method), quote("notifications/"+d.method), `""`, `null`, `1`, `["tools/call"]`, quote(strings.Replace(d.method, "s", "ſ", 1))))
		}},
		{"another method", func(d *draft) {
			d.top.set("method", quote(d.pick("tools/call", "tools/list", "prompts/get", "resources/read", "completion/complete", "ping",
				"initialize", "server/discover", "resources/subscribe", "resources/unsubscribe", "logging/setLevel", "tasks/get", "tasks/result",
				"tasks/list", "tasks/cancel", "sampling/createMessage", "notifications/cancelled", "notifications/initialized")))
		}},
		{"another name", func(d *draft) {
			d.rename(d.pick("note", "wipe", "bytes", "bytes_wipe", "query", "ask", "greet", "plot"))
		}},
		{"name variant", func(d *draft) {
			d.rename(d.pick(strings.ToUpper(d.name), d.name+" ", " "+d.name, d.name+"\x00", d.name+"\u200b", "\uff4e"+d.name, "", d.name+"/../wipe",
				d.name+",wipe", d.otherCase(d.name+"x"), "__proto__", "tools/"+d.name, strings.Repeat(d.name, 50)))
		}},
		{"URI variant", func(d *draft) {
			d.reuri(d.pick("user://%62ob", "user://BOB", "USER://bob", "user://bob/", "user://bob?x", "user://bob#x", "user://../bob", "user://bob%00",
				"user://b%6fb", "user://%2562ob", "user://alice%2f..%2fbob", "user://bob;alice", "user:///bob", "user://", "user://bob bob", "user://{id}",
				"app://config/", "app://CONFIG", "app://plans", "app://%70lans", "app:config", "user://%ff", "user://b\u00f6b", "user://alice"))
		}},
		{"reference variant", func(d *draft) {
			ref := d.top.in("params", "ref")
			switch d.IntN(4) {
			case 0:
				ref.set("type", d.pick(`"ref/tool"`, `"ref/resource"`, `"ref/prompt"`, `"REF/PROMPT"`, `""`, `1`))
			case 1:
				ref.set("name", quote(d.pick("plot", "greet", "wipe")))
				ref.set("uri", quote(d.pick("user://{id}", "app://plans", "user://bob")))
			case 2:
				d.top.in("params", "argument").set("name", d.pick(`"id"`, `"tone"`, `"to"`, `"Tone"`, `""`, `1`))
			default:
				d.top.in("params", "context", "arguments").set(d.pick("id", "tone"), d.pick(`"alice"`, `1`))
			}
		}},
		{"task", func(d *draft) {
			d.top.in("params").set("task", d.pick(`{}`, `{"ttl":60000}`, `null`, `true`, `{"taskId":"x"}`))
		}},
		{"request state", func(d *draft) {
			d.top.in("params").set("requestState", d.pick(`""`, `"x"`, `null`, `1`, `{}`, quote(strings.Repeat("A", 500)),
				quote(d.site.states[d.who]), quote(d.site.states[0]), quote(d.site.states[1])))
		}},
		{"input responses", func(d *draft) {
			d.top.in("params").set("inputResponses", d.pick(`{}`, `null`, `[]`, `{"x":{"action":"accept"}}`, `{"x":1}`, `{"roots":{"roots":[]}}`))
		}},
		{"spoofed meta", func(d *draft) {
			d.top.in("params", "_meta").set(d.pick("subject", "sub", "client_id", "scope", "principal", "authorization", "progressToken", "traceparent",
				"io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/logLevel", "io.modelcontextprotocol/subscriptionId"),
				d.pick(`"alice"`, `"admin"`, `{"sub":"alice"}`, `1.5`, `null`, `"debug"`, `9007199254740993`, `"00-`+strings.Repeat("a", 32)+`-00000000000000aa-00"`))
		}},
		{"revision in meta", func(d *draft) {
			d.top.in("params", "_meta").set("io.modelcontextprotocol/protocolVersion", d.pick(quote(stateless), `"2025-11-25"`, `"2099-01-01"`, `""`, `1`, `null`))
		}},
		{"cursor", func(d *draft) { d.top.in("params").set("cursor", d.pick(`""`, `"x"`, `1`, `null`)) }},
	}
}

// rename has the body and its headers name something else.
func (d *draft) rename(name string) {
	d.top.in("params").set("name", quote(name))
	d.rehead(name)
}

func (d *draft) reuri(uri string) {
	d.top.in("params").set("uri", quote(uri))
	d.rehead(uri)
}

// rehead has the header say what the body says now, most of the time.
func (d *draft) rehead(name string) {
	if d.IntN(4) == 0 {
		return
	}
	for i, h := range d.headers {
		if h.name == "Mcp-Name" {
			d.headers[i].value = encoded(name)
		}
	}
}
