package authz

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePermission(t *testing.T) {
	for in, want := range map[string]Permission{
		"notes:write":      {"notes", "write"},
		"greet":            {"greet", "use"},
		"a:b:c":            {"a:b", "c"},
		"note://x:read":    {"note://x", "read"},
		"table/orders:get": {"table/orders", "get"},
		"größe:lesen":      {"größe", "lesen"},
	} {
		got, err := ParsePermission(in)
		if err != nil || got != want {
			t.Errorf("ParsePermission(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", ":", "a:", ":b", "*", "a:*", "a*:b", "a b", "a:b ", "\ta", "a\u00a0b", "a\u200bb", "a\x00", "a,b", `a"b`, "a'b", "a`b",
		"{a}", "a}", "a\nb", "\xff", "a\u202eb", "\ufeffa", "a\u3164", "a\u2800", "a\ufe0f", "\ufffd",
	} {
		if got, err := ParsePermission(in); err == nil {
			t.Errorf("ParsePermission(%q) = %v, want an error", in, got)
		}
	}
	if got := (Permission{"greet", "use"}).String(); got != "greet:use" {
		t.Errorf("String() = %q", got)
	}
}

func TestParsePermission_ErrorIsShort(t *testing.T) {
	_, err := ParsePermission(strings.Repeat("a", 10_000) + " ")
	if err == nil || len(err.Error()) > 400 {
		t.Errorf("error of %d bytes: %.80v", len(err.Error()), err)
	}
}

func TestTemplate(t *testing.T) {
	tests := []struct {
		in    string
		names []string
		give  map[string]string
		want  string
	}{
		{"notes:read", nil, nil, "notes:read"},
		{"greet", nil, nil, "greet"},
		{"table/{table}:read", []string{"table"}, map[string]string{"table": "a.b_c-9"}, "table/a.b_c-9:read"},
		{"{a}", []string{"a"}, map[string]string{"a": "x"}, "x"},
		{"{b}/{a}/{b}:{c}", []string{"b", "a", "c"}, map[string]string{"a": "1", "b": "2", "c": "3"}, "2/1/2:3"},
	}
	for _, tt := range tests {
		tpl, err := ParseTemplate(tt.in)
		if err != nil {
			t.Errorf("ParseTemplate(%q): %v", tt.in, err)
			continue
		}
		if diff := cmp.Diff(tt.names, tpl.Names()); diff != "" {
			t.Errorf("%q names: %s", tt.in, diff)
		}
		given := arguments{}.readAll([]Template{tpl}, values(tt.give))
		got := tpl.fill(nil, given).text
		if missing := tpl.unfillable(given); missing != "" || string(got) != tt.want || tpl.String() != tt.in {
			t.Errorf("%q filled: %q, without %q; want %q", tpl, got, missing, tt.want)
		}
	}
	for _, in := range []string{"", "{", "}", "a{", "a{}", "{a", "{a b}", "{a}:", ":{a}", "{ä}", "a*{b}", "{a:b}", "a {b}", "{{a}}"} {
		if tpl, err := ParseTemplate(in); err == nil {
			t.Errorf("ParseTemplate(%q) = %v, want an error", in, tpl)
		}
	}
}

func TestTemplate_RefusesValues(t *testing.T) {
	for _, text := range []string{"table/{t}:read", "table:{t}"} {
		tpl, err := ParseTemplate(text)
		if err != nil {
			t.Fatal(err)
		}
		read := func(v Values) arguments { return arguments{}.readAll([]Template{tpl}, v) }
		for _, bad := range []string{"", "*", "a*", "a/b", "a:b", "a b", "ä", "a\x00", strings.Repeat("a", 129)} {
			given := read(values(map[string]string{"t": bad}))
			if tpl.unfillable(given) != "t" || given[0].value != "" || !given[0].given {
				t.Errorf("%q is usable: %+v", bad, given)
			}
		}
		if given := read(values(map[string]string{"t": strings.Repeat("a", 128)})); tpl.unfillable(given) != "" {
			t.Error("128 characters are not usable")
		}
		for name, v := range map[string]Values{"none": values(nil), "nil": nil} {
			if given := read(v); tpl.unfillable(given) != "t" || given[0].given {
				t.Errorf("%s: %+v", name, given)
			}
		}
	}
}

func TestNewRequirement(t *testing.T) {
	r := need(t, "notes:write", "")
	if r.Permissions()[0].String() != "notes:write" || r.Scopes()[0].String() != "notes:write" || r.AnyPrincipal() {
		t.Errorf("permissions do not default to scopes: %v", r)
	}
	r = need(t, "", "a/{x}:read b/{y}/{x}:read")
	if len(r.Scopes()) != 2 {
		t.Errorf("scopes do not default to permissions: %v", r)
	}
	if diff := cmp.Diff([]string{"x", "y"}, r.Names()); diff != "" {
		t.Error(diff)
	}
	open, err := NewRequirement(nil, nil, true)
	if err != nil || !open.AnyPrincipal() {
		t.Errorf("any principal: %v, %v", open, err)
	}
	tests := []struct {
		name                string
		scopes, permissions []string
		any                 bool
		want                []string
	}{
		{"nothing", nil, nil, false, []string{"neither scopes nor permissions"}},
		{"both kinds", []string{"a"}, nil, true, []string{"exclude each other"}},
		{"all at once", []string{"a*", "b c", "d", "d"}, []string{"e:", "{"}, false, []string{`scope "a*"`, `"b c"`, `"d" is declared twice`, `permission "e:"`, `permission "{"`}},
		{"scope not ASCII", []string{"größe:lesen"}, nil, false, []string{"RFC 6749"}},
		{"scope with backslash", []string{`a\b`}, nil, false, []string{"RFC 6749"}},
		{"two spellings", []string{"x"}, []string{"x:use"}, false, []string{`"x" and "x:use" are the same permission`}},
	}
	for _, tt := range tests {
		_, err := NewRequirement(tt.scopes, tt.permissions, tt.any)
		if err == nil {
			t.Errorf("%s: accepted", tt.name)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q in it", tt.name, err, want)
			}
		}
	}
	if _, err := NewRequirement([]string{"groesse:lesen"}, []string{"größe:lesen"}, false); err != nil {
		t.Errorf("a permission may hold what a scope may not: %v", err)
	}
}

func TestCheckDeclared(t *testing.T) {
	err := CheckDeclared([]Requirement{need(t, "x", ""), need(t, "y:use", ""), need(t, "a:b", "x:use")})
	if err == nil || !strings.Contains(err.Error(), `"x" and "x:use"`) {
		t.Errorf("two spellings in two operations: %v", err)
	}
	if err := CheckDeclared([]Requirement{need(t, "x", ""), need(t, "y:use", ""), need(t, "a:b", "x")}); err != nil {
		t.Errorf("one spelling: %v", err)
	}
}

func TestNewRequirement_ReportsADefaultedMistakeOnce(t *testing.T) {
	_, err := NewRequirement(nil, []string{"a*"}, false)
	if err == nil || strings.Count(err.Error(), "a*") != 1 {
		t.Errorf("%v", err)
	}
}
