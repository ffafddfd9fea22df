package bodyfuzz

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

const stateless = "2026-07-28"

// eras are the revisions that are spoken.
func eras() []string { return []string{stateless, "2025-11-25", "2025-06-18"} }

// draft is a request while it is made.
type draft struct {
	*rand.Rand
	site         *site
	n, era, who  int
	method, name string // as they would be without any bend
	top          *object
	headers      []header
	after        []func([]byte) []byte // what is done to the bytes in the end
}

// stream is the random source of one part of one request, so that a bend does the same whether others are there or not.
func stream(seed uint64, n, part int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(n)<<8|uint64(part)))
}

// plan says how the request of a number is bent.
func plan(seed uint64, n, bends int) []int {
	r := stream(seed, n, 1)
	count := []int{0, 0, 0, 0, 1, 1, 1, 1, 2, 3}[r.IntN(10)]
	if count == 3 {
		count += r.IntN(2)
	}
	chosen := []int{}
	for range count {
		chosen = append(chosen, r.IntN(bends))
	}
	return chosen
}

// build makes the request of a number with these bends.
func build(s *site, seed uint64, n int, chosen []int) *post {
	d := &draft{Rand: stream(seed, n, 0), site: s, n: n}
	d.base()
	p := &post{n: n, era: d.era, who: d.who, trace: traceOf(n), plan: chosen}
	for i, bend := range chosen {
		d.Rand = stream(seed, n, 2+i)
		s.bends[bend].do(d)
		p.bends = append(p.bends, s.bends[bend].name)
	}
	p.body = []byte(d.top.String())
	for _, do := range d.after {
		p.body = do(p.body)
	}
	p.headers = d.headers
	return p
}

func (d *draft) pick(from ...string) string { return from[d.IntN(len(from))] }

// base makes a good request.
func (d *draft) base() {
	d.era = d.IntN(3)
	d.who = []int{0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 5}[d.IntN(13)]
	params := &object{}
	switch k := d.IntN(20); {
	case k < 10:
		d.method, d.name = "tools/call", d.pick("note", "note", "wipe", "query", "region", "bytes", "bytes", "bytes_wipe", "ask")
		params.add("name", quote(d.name)).nest("arguments", d.arguments())
	case k < 14:
		d.method, d.name = "resources/read", d.pick("app://config", "app://plans", "user://bob", "user://alice")
		params.add("uri", quote(d.name))
	case k < 17:
		d.method, d.name = "prompts/get", d.pick("greet", "greet", "plot")
		params.add("name", quote(d.name)).nest("arguments", (&object{}).add("tone", d.text()).add("to", d.text()))
	case k < 19:
		d.method = "completion/complete"
		d.completion(params)
	default:
		d.method = d.pick("tools/list", "resources/list", "prompts/list", "resources/templates/list")
	}
	d.meta(params)
	d.top = (&object{}).add("jsonrpc", `"2.0"`).add("id", d.id()).add("method", quote(d.method)).nest("params", params)
	d.head()
}

func (d *draft) completion(params *object) {
	ref := &object{}
	argument := "tone"
	if d.IntN(2) == 0 {
		d.name, argument = "user://{id}", "id"
		ref.add("type", `"ref/resource"`).add("uri", quote(d.name))
	} else {
		d.name = d.pick("greet", "plot")
		ref.add("type", `"ref/prompt"`).add("name", quote(d.name))
	}
	params.nest("ref", ref).nest("argument", (&object{}).add("name", quote(argument)).add("value", d.text()))
}

// arguments are those of the tool that was chosen.
func (d *draft) arguments() *object {
	o := &object{}
	switch d.name {
	case "query":
		return o.add("table", d.pick(`"public"`, `"public"`, `"secret"`, `"a b"`)).add("limit", d.integer())
	case "region":
		return o.add("region", d.pick(`"eu"`, `"us-east"`, `"Île"`)).add("n", strconv.Itoa(d.IntN(1000)))
	}
	o.add("text", d.text())
	if d.IntN(2) == 0 {
		o.add("id", d.integer())
	}
	if d.IntN(2) == 0 {
		o.nest("any", (&object{}).add("a", d.integer()).nest("b", (&object{}).add("c", d.text()).add("d", `[1,{"e":null},true,1.50]`)))
	}
	return o
}

func (d *draft) text() string {
	return d.pick(`"hello"`, `""`, `"\u00fc\u4e2d"`, `"Ünïcödé 李四"`, `"😀"`, `"\ud83d\ude00"`, `"a\"b\\c\/d"`, `"\u2028\u0000\u001f"`, `"tasks K ſ"`, quote(strconv.Itoa(d.IntN(1000))))
}

func (d *draft) integer() string {
	return d.pick("0", "7", "-1", "9007199254740991", "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808", strconv.Itoa(d.IntN(100000)))
}

// id is one that no other request has, bent or not.
func (d *draft) id() string {
	switch d.IntN(4) {
	case 0:
		return quote(fmt.Sprintf("request %d", d.n))
	case 1:
		return strconv.Itoa(1<<53 + 1001 + d.n) // a float64 has only every second of them
	case 2:
		return fmt.Sprintf(`"\u0072\u%04x-%d"`, 0xe0+d.IntN(16), d.n)
	}
	return strconv.Itoa(d.n + 1000)
}

func (d *draft) meta(params *object) {
	meta := &object{}
	if d.era == 0 {
		meta.add("io.modelcontextprotocol/protocolVersion", quote(stateless))
		meta.add("io.modelcontextprotocol/clientInfo", `{"name":"bodyfuzz","version":"1"}`).add("io.modelcontextprotocol/clientCapabilities", `{}`)
	}
	if d.IntN(4) == 0 {
		meta.add("progressToken", d.pick(`"p"`, "9007199254740993", "5"))
	}
	if len(meta.members) > 0 {
		params.nest("_meta", meta)
	}
}

// head writes the headers that go with the body.
func (d *draft) head() {
	d.headers = []header{
		{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}, {"MCP-Protocol-Version", eras()[d.era]},
	}
	if d.era > 0 {
		d.headers = append(d.headers, header{"Mcp-Session-Id", d.site.sessions[d.era][d.who]})
		return
	}
	d.mirror()
}

// mirror writes the headers that repeat the body.
func (d *draft) mirror() {
	d.headers = append(d.headers, header{"Mcp-Method", d.method})
	if d.method == "tools/call" || d.method == "resources/read" || d.method == "prompts/get" {
		d.headers = append(d.headers, header{"Mcp-Name", d.name})
	}
	if d.name != "region" {
		return
	}
	for _, m := range d.top.in("params", "arguments").members {
		value := m.value()
		switch m.name {
		case `"region"`:
			value = map[string]string{`"eu"`: "eu", `"us-east"`: "us-east", `"Île"`: "=?base64?w45sZQ==?="}[value]
			d.headers = append(d.headers, header{"Mcp-Param-Region", value})
		case `"n"`:
			d.headers = append(d.headers, header{"Mcp-Param-N", value})
		}
	}
}
