package authz_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
)

// dice draws what the differential tests ask.
type dice struct{ *rand.Rand }

func (d dice) pick(from ...string) string { return from[d.IntN(len(from))] }

func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// some returns n different ones.
func (d dice) some(n int, from []string) []string {
	list := slices.Clone(from)
	d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:n]
}

// The names that policies and callers are made of. Some look like names of another kind, like names with an alias, like
// one another, or like something that an engine could take for more than a name.
var (
	userNames = []string{
		"alice", "bob", "al", "Alice", "alice2", "r1", "staff", "app", "anyone", "role:r1", "a:b", "x/y", "o'neil", `b\s`, "bob_ex#EXT#",
		"one/alice", "two/bob", "alias/x", "zo\u00eb", "\u4f60\u597d", "a.b", "`x`", "{t}", "r.sub", "%s", "1",
	}
	groupNames  = []string{"staff", "interns", "sub/team", "r1", "one/staff", "\u0433\u0440", "all"}
	roleNames   = []string{"r0", "r1", "r2", "r3", "alice", "two/r1", "x/y", "r\u00f4le", "role:r1", "R1"}
	clientNames = []string{"app", "cli", "https://client.example/id", "alice", "two/app", "zo\u00eb"}
	goodValues  = []string{"a", "b", "ab", "orders", "o", "users", "1", "read", "write", "A.b_-c", strings.Repeat("v", 128)}
	badValues   = []string{
		"", "*", "a*", "a/b", "a:b", "a b", "\u00e9", "{t}", "a\n", "a\x00", ".*,", "orders/*", "%2a", "a,b", strings.Repeat("v", 129),
	}
	words = []string{"*", "notes", "note", "notes*", "n*", "read", "r*", "use", "table/*", "a.b", "Notes", "x", "not\u00e9s*"}
)

// operations is what the random servers declare some of: scopes, or scopes|permissions.
func operations(t testing.TB) []operation {
	t.Helper()
	var list []operation
	for _, text := range []string{
		"notes:read", "notes:write|notes:delete", "greet", "Notes:read", "notes:v2:read", "https://api.example/notes:read|notes",
		"notes:read greet|notes:read notes:write", "notes:read notes:write|greet", "all|notes:read", "item/1:use", "a.b:use", "notes:use|notes:v2:read",
		"table/{t}:read", "table/{t}:read|notes:read", "all|table/{t}:read table/{u}:write", "notes:read|{t}:read", "{t}/x:{t}",
		"run/{t}", "run/{u}:use|greet", "doc/{t}/{u}:read", "x-{t}-{t}:use", "notes:{a}", "do:{a}-{b}|notes:{a}", "item/{n}", "item/{n} table/{t}:read|item/{n} notes:read",
		"notes:read|notiz\u00e9n:l\u00e9sen", `notes:read|b\s:read`, "notes:read|a#b:use", "notes:read table/{t}:{a}",
	} {
		list = append(list, declare(t, text))
	}
	list = append(list, operation{}) // which declares nothing and admits nobody
	anybody, err := authz.NewRequirement(nil, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	return append(list, operation{anyPrincipal: true, need: anybody}, operation{anyPrincipal: true, need: anybody})
}

func declare(t testing.TB, text string) operation {
	t.Helper()
	scopes, permissions, _ := strings.Cut(text, "|")
	op := operation{scopes: strings.Fields(scopes), permissions: strings.Fields(permissions)}
	var err error
	op.need, err = authz.NewRequirement(op.scopes, op.permissions, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(op.permissions) == 0 {
		op.permissions = op.scopes
	}
	return op
}

// world is everything that one policy, its server and its callers are made of.
type world struct {
	dice
	aliases                        []string
	users, groups, roles, clients  []string
	ops                            []operation // what is asked
	declared                       []operation // what the server declares: most of ops
	args                           map[string]string
	permissions, scopes, mentioned []string // filled; the scopes that the policy names
}

func newWorld(d dice, pool []operation) *world {
	w := &world{dice: d}
	w.aliases = [][]string{nil, nil, nil, {"one"}, {"one", "two"}, {"two", "one"}, {"x", "one", "alias"}}[d.IntN(7)]
	w.users, w.groups = d.some(3+d.IntN(2), userNames), d.some(2, groupNames)
	w.roles, w.clients = d.some(3+d.IntN(3), roleNames), d.some(2, clientNames)
	if d.chance(60) {
		w.users[0] = d.pick(w.roles[0], w.groups[0], w.clients[0]) // the same name for two kinds
	}
	w.args = map[string]string{}
	for _, name := range []string{"t", "u", "n"} {
		w.args[name] = d.pick(goodValues[:8]...)
	}
	if d.chance(50) {
		w.args["n"], w.args["u"] = "1", w.args["t"] // so that two declared names become one permission
	}
	w.args["a"], w.args["b"] = d.pick("read", "write", "r"), d.pick("read", "b")
	order := d.Perm(len(pool))
	family := d.pick("item/", "run/", "none")
	slices.SortStableFunc(order, func(i, j int) int { return pool[j].of(family) - pool[i].of(family) })
	var needs []authz.Requirement
	for _, i := range order {
		op := pool[i]
		if len(w.ops) == 9 || authz.CheckDeclared(append(needs[:len(needs):len(needs)], op.need)) != nil {
			continue
		}
		needs = append(needs, op.need)
		w.ops = append(w.ops, op)
		for _, p := range op.permissions {
			w.permissions = append(w.permissions, w.filled(p))
		}
		for _, s := range op.scopes {
			w.scopes = append(w.scopes, w.filled(s))
		}
	}
	d.Shuffle(len(w.ops), func(i, j int) { w.ops[i], w.ops[j] = w.ops[j], w.ops[i] })
	w.declared = w.ops
	if d.chance(40) {
		w.declared = w.ops[2:]
	}
	w.permissions, w.scopes = append(w.permissions, "notes:read"), append(w.scopes, "notes:read")
	return w
}

// of is 1 for the operations of a family, whose scopes can be filled to mean the same, and 0 for all others.
func (o operation) of(family string) int {
	if len(o.scopes) > 0 && strings.HasPrefix(o.scopes[0], family) {
		return 1
	}
	return 0
}

func (w *world) filled(template string) string {
	text, _ := filledBy(template, w.args)
	return text
}

// setting draws the rows and the file.
func (w *world) setting() setting {
	var rows []row
	add := func(list []row) { rows = append(rows, list...) }
	add(w.links())
	add(w.rules())
	if w.chance(12) {
		add(w.chain())
	}
	if w.chance(75) {
		add(w.scopeRows())
	}
	if w.chance(20) {
		rows = append(rows, rows[w.IntN(len(rows))]) // twice the same
	}
	w.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return setting{book: w.file(rows), declared: w.declared}
}

// file writes the rows as people do, with comments, blank lines and spaces.
func (w *world) file(rows []row) book {
	var text strings.Builder
	line, end := 1, w.pick("\n", "\n", "\r\n")
	for i, r := range rows {
		for w.chance(15) {
			text.WriteString(w.pick("", "# a comment, of course", "  # p, anyone, *, *, allow", "\t") + end)
			line++
		}
		rows[i].line = line
		text.WriteString(w.pick("", "", " ") + r.kind)
		for _, f := range r.fields {
			text.WriteString("," + w.pick("", " ", "  ", "\t") + f)
		}
		text.WriteString(w.pick("", "", "  ") + end)
		line++
	}
	return newBook(text.String(), rows, w.aliases)
}

// written is a subject as a policy may name it.
func (w *world) written(kind, name string) string {
	if len(w.aliases) > 1 && w.chance(50) {
		name = w.pick(w.aliases...) + "/" + name
	}
	return kind + ":" + name
}

func (w *world) user() string   { return w.written("user", w.pick(w.users...)) }
func (w *world) group() string  { return w.written("group", w.pick(w.groups...)) }
func (w *world) role() string   { return w.written("role", w.pick(w.roles...)) }
func (w *world) client() string { return w.written("client", w.pick(w.clients...)) }

// holder is who may be given a role.
func (w *world) holder() string {
	switch w.IntN(6) {
	case 0, 1:
		return w.user()
	case 2:
		return w.group()
	case 3:
		return w.client()
	case 4:
		return "anyone"
	}
	return w.role()
}

func (w *world) links() []row {
	var list []row
	link := func(from, to string) { list = append(list, row{kind: "g", fields: []string{from, to}}) }
	for range w.IntN(3) {
		link(w.user(), w.group())
	}
	for range 1 + w.IntN(5) {
		if from, to := w.holder(), w.role(); !strings.HasPrefix(from, "role:") {
			link(from, to)
		}
	}
	for range w.IntN(5) {
		i, j := w.IntN(len(w.roles)), w.IntN(len(w.roles))
		if i < j || w.chance(4) { // else a loop would be likely
			link(w.written("role", w.roles[i]), w.written("role", w.roles[j]))
		}
	}
	return list
}

// rules are the p rows of door two.
func (w *world) rules() []row {
	list := w.broadRules()
	for range 3 + w.IntN(12) {
		sub := w.holder()
		if w.chance(35) {
			sub = w.role()
		}
		eft := "allow"
		if w.chance(20) || strings.HasPrefix(sub, "client:") && w.chance(40) {
			eft = "deny"
		}
		object, action := w.patterns(w.pick(w.permissions...), eft == "allow")
		list = append(list, row{kind: "p", fields: []string{sub, object, action, eft}})
	}
	return list
}

// broadRules let some callers do much, so that there is something to deny, and shut out a client.
func (w *world) broadRules() []row {
	var list []row
	for range w.IntN(4) {
		object, action := splitLast(w.pick(w.permissions...))
		sub := w.pick("anyone", w.user(), w.group(), w.role(), w.client())
		list = append(list, row{kind: "p", fields: []string{sub, w.pick("*", object[:1]+"*"), w.pick("*", action), "allow"}})
	}
	if object, action := splitLast(w.pick(w.permissions...)); w.chance(60) {
		list = append(list, row{kind: "p", fields: []string{w.client(), w.pick("*", object), w.pick("*", action), "deny"}})
	}
	return list
}

// patterns are an object and an action that match the permission, or nearly. Only a few denials are broad.
func (w *world) patterns(permission string, broad bool) (string, string) {
	object, action := splitLast(permission)
	if w.chance(8) {
		object, action = splitLast(w.pick(w.permissions...) + "s:use")
	}
	object, action = w.pattern(object, broad), w.pattern(action, true)
	return object, action
}

func (w *world) pattern(text string, broad bool) string {
	runes := []rune(text)
	cut := string(runes[:w.IntN(len(runes))])
	if !broad && len(cut) < 3 {
		return text
	}
	switch w.IntN(16) {
	case 0, 1, 2:
		return cut + "*"
	case 3:
		return text + "*"
	case 4, 5:
		return w.pick("*", text)
	case 6:
		return text + w.pick("s", "/", ".", "2*", "/*")
	case 7:
		return cut + "n"
	case 8:
		return w.pick(words...)
	case 9:
		return w.pick(strings.ToUpper(text), "_"+text, strings.ReplaceAll(text, "/", "."))
	}
	return text
}

// chain is a long one: of nine rows, which is the longest, or nearly.
func (w *world) chain() []row {
	long := []int{7, 8, 9, 9, 9, 10}[w.IntN(6)]
	kind, from := "role", w.holder()
	if w.chance(30) {
		kind, from = "scope", "scope:"+w.pick(w.scopes...)
	}
	var list []row
	for i := range long {
		to := fmt.Sprintf("%s:c%d", kind, i)
		if kind == "scope" && i == long-1 && w.chance(50) {
			to = "scope:" + w.pick(w.scopes...)
		}
		list = append(list, row{kind: "g", fields: []string{from, to}})
		from = to
	}
	object, action := splitLast(w.pick(w.permissions...))
	return append(list, row{kind: "p", fields: []string{from, object, action, "allow"}})
}

func (w *world) scopeRows() []row {
	names := append(slices.Clone(w.scopes), "all", "s", "s:use", "{t}:read", "table/{t}:read", "notes.all")
	w.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	var list []row
	for range w.IntN(5) {
		if i, j := w.IntN(len(names)), w.IntN(len(names)); i < j || w.chance(3) {
			list = append(list, row{kind: "g", fields: []string{"scope:" + names[i], "scope:" + names[j]}})
		}
	}
	for range w.IntN(3) {
		object, action := w.patterns(w.pick(w.scopes...), true)
		list = append(list, row{kind: "p", fields: []string{"scope:" + w.pick(names...), object, action, "allow"}})
	}
	for _, r := range list {
		w.mentioned = append(w.mentioned, strings.TrimPrefix(r.fields[0], "scope:"))
	}
	return list
}
