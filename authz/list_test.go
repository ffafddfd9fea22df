package authz

import "testing"

func TestListed(t *testing.T) {
	policy := `
p, role:reader, notes, read, allow
g, user:carol, role:reader
p, group:out, notes, read, deny
p, user:dora, table/or*, read, allow
p, user:dora, table/users, write, allow
p, user:dora, table/orders, read, deny
p, client:evil, *, *, deny
p, user:erin, table/x, read, deny
p, client:robot, table/*, read, allow
g, scope:tables, scope:table/one:read
p, scope:table.all, table/*, *, allow
p, scope:notes.all, notes, *, allow
p, user:fred, x/*, use, allow
`
	table, pair := need(t, "table/{t}:read", ""), need(t, "a/{x}", "table/{x}:write table/{x}:read")
	twin := need(t, "x/{a},x/1:use", "") // for one value both are the same permission
	o := Options{Declared: []Requirement{need(t, "notes:read", ""), table, pair, twin}}
	p := compiled(t, Source{}, policy, o)
	group := func(who Principal, groups ...string) Principal {
		who.Groups = groups
		return who
	}
	client := func(who Principal, id string) Principal {
		who.Client = id
		return who
	}
	tests := []struct {
		name                string
		who                 Principal
		need                Requirement
		attainable, granted bool
	}{
		{"right and scope", user("carol", "notes:read"), need(t, "notes:read", ""), true, true},
		{"right without scope", user("carol"), need(t, "notes:read", ""), true, false},
		{"scope without right", user("bob", "notes:read"), need(t, "notes:read", ""), false, false},
		{"denied", group(user("carol", "notes:read"), "out"), need(t, "notes:read", ""), false, false},
		{"client denied", client(user("carol", "notes:read"), "evil"), need(t, "notes:read", ""), false, false},
		{"any principal", user("zoe"), Requirement{anyPrincipal: true}, true, true},
		{"nothing declared", user("carol", "notes:read"), Requirement{}, false, false},
		{"nobody", Principal{}, Requirement{anyPrincipal: true}, false, false},

		{"placeholder, prefix and exact scope", user("dora", "table/orders:read"), table, true, true},
		{"placeholder, only a deny row", user("erin", "table.all"), table, false, false},
		{"placeholder, no scope", user("dora"), table, true, false},
		{"placeholder, scope of another action", user("dora", "table/orders:write"), table, true, false},
		{"placeholder, scope with a bad value", user("dora", "table/a b:read"), table, true, false},
		{"placeholder, scope that is a star", user("dora", "table/*:read", "*"), table, true, false},
		{"placeholder, implied scope", user("dora", "tables"), table, true, true},
		{"placeholder, scope row", user("dora", "table.all"), table, true, true},
		{"placeholder, another scope row", user("dora", "notes.all"), table, true, false},
		{"placeholder, no right", user("carol", "table.all"), table, false, false},
		{"placeholder, denied when it is called", client(user("dora", "table.all"), "evil"), table, true, true},
		{"placeholder, client's own token", Principal{Client: "robot", Machine: true}, table, true, false},
		{"placeholder, a client adds no right", client(user("carol", "table.all"), "robot"), table, false, false},
		{"placeholder, covers a fixed scope too", user("fred", "x/1"), twin, true, true},
		{"placeholder, covers another fixed scope", user("fred", "x/2"), twin, true, false},

		{"placeholder, in nothing declared", user("dora", "table.all"), need(t, "table/{u}:read", ""), true, true},

		{"placeholders, each permission for itself", user("dora", "a/users"), pair, true, true},
		{"placeholders, one missing", user("bob", "a/users"), pair, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.Listed(tt.who, tt.need, false); got != tt.attainable {
				t.Errorf("attainable: %t", got)
			}
			if got := p.Listed(tt.who, tt.need, true); got != tt.granted {
				t.Errorf("granted: %t", got)
			}
		})
	}
	t.Run("another model cannot rule a placeholder out", func(t *testing.T) {
		p := compiled(t, custom("keyMatch2(r.obj, p.obj) && r.act == p.act"), policy, o)
		if !p.Listed(user("carol"), table, false) || p.Listed(user("carol"), table, true) || !p.Listed(user("carol", "table.all"), table, true) {
			t.Error("placeholder")
		}
		if p.Listed(user("bob"), need(t, "notes:read", ""), false) || !p.Listed(user("carol"), need(t, "notes:read", ""), false) {
			t.Error("no placeholder")
		}
	})
}

func TestCouldMatch(t *testing.T) {
	tests := []struct {
		template, object, action string
		want                     bool
	}{
		{"a:b", "a", "b", true},
		{"a:b", "a*", "*", true},
		{"a:b", "ab*", "b", false},
		{"a:b", "a", "b*", true},
		{"{x}:b", "", "b", false},
		{"{x}:b", "anything", "b", true},
		{"{x}:b", "any/thing", "b", false},
		{"{x}:b", "any/*", "b", false},
		{"{x}:b", "any*", "b", true},
		{"{x}:b", "*", "b", true},
		{"t/{x}/r:b", "t/*", "b", true},
		{"t/{x}/r:b", "t/1/*", "b", true},
		{"t/{x}/r:b", "t/1/r", "b", true},
		{"t/{x}/r:b", "t/1/rr", "b", false},
		{"t/{x}/r:b", "t/1", "b", false},
		{"t/{x}/r:b", "t/1*", "b", true},
		{"t/{x}/r:b", "u*", "b", false},
		{"{x}{y}:b", "ab", "b", true},
		{"{x}{y}:b", "a", "b", false},
		{"{x}-{x}:b", "1-1", "b", true},
		{"{x}-{x}:b", "1-2", "b", false},
		{"{x}-{x}:b", "a-a-a-a", "b", true},
		{"{x}-{x}:b", "a-b-a-b", "b", true},
		{"{x}/{x}:b", "12/1*", "b", true},
		{"{x}/{x}:b", "12/3*", "b", false},
		{"{x}/{x}:b", "1/12*", "b", false},
		{"{x}:{x}", "a", "a", true},
		{"{x}:{x}", "a", "b", false},
		{"{x}:{x}", "a*", "abc", true},
		{"{x}:{x}", "b*", "abc", false},
		{"{x}:{x}", "abc", "ab*", true},
		{"{x}:{x}", "ab*", "abc*", true},
		{"{x}:{x}", "abc*", "ab*", true},
		{"{x}:{x}", "ab*", "ab*", true},
		{"{x}:{x}", "ab*", "ab", true},
		{"{x}:{x}", "ab", "ab*", true},
		{"{x}:{y}{x}", "a*", "ca", true},
	}
	for _, tt := range tests {
		tpl, err := ParseTemplate(tt.template)
		if err != nil {
			t.Fatal(err)
		}
		if got := tpl.couldMatch(tt.object, tt.action); got != tt.want {
			t.Errorf("%s, %s, %s: %t", tt.template, tt.object, tt.action, got)
		}
	}
}
