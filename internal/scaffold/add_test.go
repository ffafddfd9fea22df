package scaffold

import (
	"errors"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const registryFile = "operations/operations.go"

// tool is an addition that works in every project of these tests.
func tool(dir string) AddOptions {
	return AddOptions{Dir: dir, Kind: Tool, Name: "report", Scopes: []string{"reports:read"}}
}

// TestAdd adds one of each kind to both templates. Of what was there nothing is missing but the order of lines, and what is new is
// formatted.
func TestAdd(t *testing.T) {
	for _, kind := range []string{Minimal, Full} {
		dir := made(t, NewOptions{Template: kind})
		for _, o := range []AddOptions{
			tool(dir),
			{Dir: dir, Kind: Resource, Name: "file://reports/{year}", Scopes: []string{"reports:read"}, Permissions: []string{"report/{year}:read"}},
			{Dir: dir, Kind: Prompt, Name: "report", Scopes: []string{"reports/{topic}:read", "greet:use"}},
		} {
			before := snapshot(t, dir)
			added, err := Add(o)
			if err != nil {
				t.Fatalf("%s: %+v: %v", kind, o, err)
			}
			checkAdded(t, before, snapshot(t, dir), added)
		}
	}
}

func checkAdded(t *testing.T, before, after map[string]string, added Added) {
	t.Helper()
	for _, path := range added.Files {
		if formatted, err := format.Source([]byte(after[path])); err != nil || string(formatted) != after[path] || before[path] != "" {
			t.Errorf("%s: %s is not new, or not formatted: %v", added.What, path, err)
		}
		delete(after, path)
	}
	for _, e := range added.Edits {
		lines := strings.SplitAfter(after[e.Path], "\n")
		for _, a := range slices.Backward(e.Added) {
			got := strings.Join(strings.Fields(lines[a.Line-1]), " ")
			if got != a.Text {
				t.Errorf("%s: line %d of %s is %q, want %q", added.What, a.Line, e.Path, got, a.Text)
			}
			lines = slices.Delete(lines, a.Line-1, a.Line)
		}
		after[e.Path] = strings.ReplaceAll(strings.Join(lines, ""), "{\n\t}\n", "{}\n")
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("%s: other changes (-before +after):\n%s", added.What, diff)
	}
}

// TestAdd_Row is about the one row of the policy: to whom it is given, where it stands, and how it looks.
func TestAdd_Row(t *testing.T) {
	for name, tt := range map[string]struct {
		policy, role        string
		scopes, permissions []string
		want                string // the policy afterwards; empty: unchanged
		who, member         string
		anyone              bool
	}{
		"the role at the top, behind the rows of roles": {
			policy: "# mine\np, role:low,  a, read, allow\ng, role:high, role:low\ng, user:ada, role:high\n",
			want:   "# mine\np, role:low,  a, read, allow\np, role:high, r, read, allow\ng, role:high, role:low\ng, user:ada, role:high\n",
			who:    "high", member: "user:ada",
		},
		"behind its own rows": {
			policy: "p, role:high, a, *, allow\np, role:low, a, read, allow\ng, role:high, role:low\n",
			want:   "p, role:high, a, *, allow\np, role:high, r, read, allow\np, role:low, a, read, allow\ng, role:high, role:low\n",
			who:    "high", member: "role:high",
		},
		"no row of a role: at the end, which had no line end": {
			policy: "g, user:ada, role:one\n\n# the end",
			want:   "g, user:ada, role:one\n\n# the end\np, role:one, r, read, allow\n",
			who:    "one", member: "user:ada",
		},
		"Windows": {
			policy: "p, role:one, a, read, allow\r\ng, group:g, role:one\r\n",
			want:   "p, role:one, a, read, allow\r\np, role:one, r, read, allow\r\ng, group:g, role:one\r\n",
			who:    "one", member: "group:g",
		},
		"the role that is named, and it gets no more than the operation needs": {
			policy: "p, role:low, a, read, allow\ng, role:high, role:low\n", role: "role:low", permissions: []string{"r:read", "a:read", "a:list"},
			want: "p, role:low, a, read, allow\np, role:low, r, read, allow\np, role:low, a, list, allow\ng, role:high, role:low\n",
			who:  "low", member: "role:low",
		},
		"placeholders": {
			policy: "p, role:one, a, read, allow\n", permissions: []string{"t/{name}:do-{how}"}, scopes: []string{"t:{how}"},
			want: "p, role:one, a, read, allow\np, role:one, t/*, do-*, allow\n",
			who:  "one", member: "role:one",
		},
		"no action": {
			policy: "p, role:one, a, read, allow\n", scopes: []string{"r"},
			want: "p, role:one, a, read, allow\np, role:one, r, use,  allow\n",
			who:  "one", member: "role:one",
		},
		"a role may already": {
			policy: "p, role:low, r, *, allow\np, role:high, a, *, allow\ng, role:high, role:low\ng, user:ada, role:low\n",
			who:    "low", member: "user:ada",
		},
		"another role is named, and the row is for that": {
			policy: "p, role:low, r, *, allow\np, role:high, a, *, allow\n", role: "high",
			want: "p, role:low, r, *, allow\np, role:high, a, *, allow\np, role:high, r, read, allow\n",
			who:  "high", member: "role:high",
		},
		"everybody may already": {
			policy: "p, anyone, r, read, allow\np, role:one, a, *, allow\n",
			who:    "one", member: "role:one", anyone: true,
		},
		"a user who has the role and is denied is not the one who shows it": {
			policy: "p, role:one, a, *, allow\ng, user:ada, role:one\ng, user:ben, role:one\np, user:ada, *, *, deny\n",
			want:   "p, role:one, a, *, allow\np, role:one, r, read, allow\ng, user:ada, role:one\ng, user:ben, role:one\np, user:ada, *, *, deny\n",
			who:    "one", member: "user:ben",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := made(t, NewOptions{})
			write(t, filepath.Join(dir, policyFile), tt.policy)
			if tt.scopes == nil {
				tt.scopes = []string{"r:read"}
			}
			added, err := Add(AddOptions{Dir: dir, Kind: Tool, Name: "report", Scopes: tt.scopes, Permissions: tt.permissions, Role: tt.role})
			if err != nil {
				t.Fatal(err)
			}
			unchanged := tt.want == ""
			if unchanged {
				tt.want = tt.policy
			}
			if diff := cmp.Diff(tt.want, snapshot(t, dir)[policyFile]); diff != "" {
				t.Errorf("the policy (-want +got):\n%s", diff)
			}
			if added.Role != tt.who || added.Member != tt.member || added.Anyone != tt.anyone || added.AlreadyAllowed != unchanged {
				t.Errorf("%+v", added)
			}
		})
	}
}

// TestAdd_List is about the line that lists the operation.
func TestAdd_List(t *testing.T) {
	const head = "package operations\n\n"
	for name, tt := range map[string]struct{ before, after string }{
		"a line of its own": {
			"func Tools() []tools.Tool {\n\treturn []tools.Tool{\n\t\tgreetTool(),\n\t}\n}\n",
			"func Tools() []tools.Tool {\n\treturn []tools.Tool{\n\t\tgreetTool(),\n\t\treportTool(),\n\t}\n}\n",
		},
		"empty":              {"func Tools() []tools.Tool {\n\treturn []tools.Tool{}\n}\n", "func Tools() []tools.Tool {\n\treturn []tools.Tool{\n\t\treportTool(),\n\t}\n}\n"},
		"one line":           {"func Tools() []tools.Tool { return []tools.Tool{greetTool()} }\n", "func Tools() []tools.Tool { return []tools.Tool{greetTool(), reportTool()} }\n"},
		"one line and empty": {"func Tools() []t.Tool { return []t.Tool{} }\n", "func Tools() []t.Tool { return []t.Tool{reportTool()} }\n"},
		"comments":           {"func Tools() []t.Tool {\n  return []t.Tool{ // all\n    a(), // one\n    // more\n  }\n}\n", "func Tools() []t.Tool {\n  return []t.Tool{ // all\n    a(), // one\n    // more\n  \treportTool(),\n  }\n}\n"},
		"parameters":         {"func Tools(b *B, n int) []t.Tool {\n\treturn []t.Tool{\n\t\ta(b),\n\t}\n}\n", "func Tools(b *B, n int) []t.Tool {\n\treturn []t.Tool{\n\t\ta(b),\n\t\treportTool(),\n\t}\n}\n"},
		"literals":           {"func Tools() []t.Tool {\n\treturn []t.Tool{{\n\t\tName: \"x\",\n\t}}\n}\n", "func Tools() []t.Tool {\n\treturn []t.Tool{{\n\t\tName: \"x\",\n\t}, reportTool()}\n}\n"},
		"Windows":            {"func Tools() []t.Tool {\r\n\treturn []t.Tool{}\r\n}\r\n", "func Tools() []t.Tool {\r\n\treturn []t.Tool{\r\n\t\treportTool(),\r\n\t}\r\n}\r\n"},
		"behind something alike": {
			"func (x X) Tools() []t.Tool { return []t.Tool{} }\n\nfunc Tools() []t.Tool { return []t.Tool{a()} }\n",
			"func (x X) Tools() []t.Tool { return []t.Tool{} }\n\nfunc Tools() []t.Tool { return []t.Tool{a(), reportTool()} }\n",
		},
		"listed by hand":           {"func Tools() []t.Tool { return with(reportTool()) }\n", ""},
		"a variable":               {"func Tools() []t.Tool { return all }\n", "by hand"},
		"two statements":           {"func Tools() []t.Tool {\n\tx := 1\n\treturn []t.Tool{}\n}\n", "by hand"},
		"two results":              {"func Tools() ([]t.Tool, error) { return []t.Tool{}, nil }\n", "by hand"},
		"another list":             {"func Tools() []t.Resource { return []t.Resource{} }\n", "by hand"},
		"an array":                 {"func Tools() [1]t.Tool { return [1]t.Tool{} }\n", "by hand"},
		"a trailing comma":         {"func Tools() []t.Tool { return []t.Tool{a(), } }\n", "by hand"},
		"a type of one's own":      {"func Tools() T { return T{a()} }\n", "by hand"},
		"no body":                  {"func Tools() []t.Tool\n", "by hand"},
		"no such function":         {"func All() []t.Tool { return []t.Tool{} }\n", "by hand"},
		"a method only":            {"func (x X) Tools() []t.Tool { return []t.Tool{} }\n", "by hand"},
		"behind a comment's brace": {"func Tools() []t.Tool { return []t.Tool{a() /* } */} }\n", "func Tools() []t.Tool { return []t.Tool{a() /* } */, reportTool()} }\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := made(t, NewOptions{})
			write(t, filepath.Join(dir, registryFile), head+tt.before)
			before := snapshot(t, dir)
			added, err := Add(tool(dir))
			switch tt.after {
			case "by hand":
				var byHand ByHand
				if !errors.As(err, &byHand) || byHand.Line != "reportTool()," || byHand.List != "Tools" {
					t.Fatalf("%v", err)
				}
				if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
					t.Errorf("refused, and changed (-before +after):\n%s", diff)
				}
				return
			case "":
				tt.after = tt.before
				if !added.Listed {
					t.Error("a line was added to what is listed already")
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(head+tt.after, snapshot(t, dir)[registryFile]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAdd_Refusals asks for what cannot be, each time with a project that is as it was afterwards.
func TestAdd_Refusals(t *testing.T) {
	change := func(file, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { write(t, filepath.Join(dir, file), text) }
	}
	without := func(file string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		o       AddOptions
		prepare func(*testing.T, string)
		want    string
	}{
		"no scope":           {o: AddOptions{Name: "x"}, want: "needs no scope"},
		"a pattern":          {o: AddOptions{Name: "x", Scopes: []string{"x:*"}}, want: "holds '*'"},
		"a space":            {o: AddOptions{Name: "x", Scopes: []string{"x y"}}, want: "holds a space"},
		"twice":              {o: AddOptions{Name: "x", Scopes: []string{"x", "x"}}, want: "declared twice"},
		"two spellings":      {o: AddOptions{Name: "x", Scopes: []string{"x", "x:use"}}, want: "same permission"},
		"unsafe name":        {o: AddOptions{Name: "a/b", Scopes: []string{"x"}}, want: "not a safe name"},
		"a path":             {o: AddOptions{Name: "../x", Scopes: []string{"x"}}, want: "not a safe name"},
		"no letters":         {o: AddOptions{Name: "_", Scopes: []string{"x"}}, want: "gives no name in Go"},
		"a digit first":      {o: AddOptions{Name: "2x", Scopes: []string{"x"}}, want: "gives no name in Go"},
		"empty":              {o: AddOptions{Scopes: []string{"x"}}, want: "gives no name in Go"},
		"same in Go":         {o: AddOptions{Name: "x", Scopes: []string{"x/{a_b}:{a.b}"}}, want: "{a_b} gives no name in Go of its own"},
		"no URI":             {o: AddOptions{Kind: Resource, Name: "note", Scopes: []string{"x"}}, want: "URI"},
		"unknown variable":   {o: AddOptions{Kind: Resource, Name: "note://{id}", Scopes: []string{"x/{other}"}}, want: "other"},
		"a resource's name":  {o: AddOptions{Kind: Resource, Name: "note://{id}", As: "a*", Scopes: []string{"x"}}, want: "not a safe name"},
		"placeholder first":  {o: AddOptions{Name: "x", Scopes: []string{"{table}:read"}}, want: "begins with a placeholder"},
		"placeholder action": {o: AddOptions{Name: "x", Scopes: []string{"x:{how}"}}, want: "begins with a placeholder"},
		"unknown role":       {o: AddOptions{Name: "x", Scopes: []string{"x"}, Role: "redaer"}, want: "no role:redaer in policy.csv; name one of role:reader, "},
		"no roles":           {prepare: change(policyFile, "p, user:ada, a, read, allow\n"), want: "policy.csv names no role"},
		"two roles":          {prepare: change(policyFile, "p, role:a, a, read, allow\np, role:b, a, read, allow\n"), want: "no single role that includes the others"},
		"denied":             {prepare: change(policyFile, "p, role:a, a, read, allow\np, anyone, reports, *, deny\n"), want: "may not use it whatever is added (permission_denied by policy.csv:3)"},
		"what another needs": {prepare: change("operations/more.go", "package operations\n\nvar more = []tools.Tool{{Name: \"purge\", Scopes: []string{\"x\"}, Permissions: []string{\"a:b\", \"reports:read\"}}}\n"), want: "no row gives reports:read to role:admin yet, and what is declared in operations/more.go:3 needs reports:read"},
		"broken policy":      {prepare: change(policyFile, "p, role:a, a, read, Allow\n"), want: "policy.csv:1:21: error"},
		"broken model":       {prepare: change(modelFile, "x\n"), want: "model.conf:1"},
		"broken code":        {prepare: change(registryFile, "package operations\nfunc {\n"), want: "before it compiles"},
		"no module":          {prepare: without("go.mod"), want: "there is no go.mod here"},
		"no policy":          {prepare: without(policyFile), want: "there is no policy.csv here"},
		"no operations":      {prepare: without("operations"), want: "there is no operations here"},
		"no code": {prepare: func(t *testing.T, dir string) {
			without("operations")(t, dir)
			mkdir(t, filepath.Join(dir, "operations"))
		}, want: "no Go files in operations"},
		"same tool":           {o: AddOptions{Name: "greet", Scopes: []string{"x"}}, want: `there is a tool whose Name is "greet" already, in operations/greet_tool.go:`},
		"same tool in a list": {prepare: change("operations/more.go", "package operations\n\nvar more = []tools.Tool{{Name: `report`}}\n"), want: `"report" already, in operations/more.go:3`},
		"same URI":            {o: AddOptions{Kind: Resource, Name: "a://b", As: "other", Scopes: []string{"x"}}, prepare: change("operations/more.go", "package operations\n\nvar more = tools.Resource{URI: \"a://b\"}\n"), want: `whose URI is "a://b"`},
		"same function":       {prepare: change("operations/more.go", "package operations\n\nfunc reportTool() {}\n"), want: "declaration of reportTool already, in operations/more.go:3"},
		"same type":           {prepare: change("operations/more.go", "package operations\n\ntype (\n\treportInput int\n)\n"), want: "declaration of reportInput"},
		"same variable":       {prepare: change("operations/more.go", "package operations\n\nvar a, runReport = 1, 2\n"), want: "declaration of runReport"},
		"same test":           {prepare: change("operations/x_test.go", "package operations\n\nfunc TestReportTool() {}\n"), want: "declaration of TestReportTool"},
		"same file":           {prepare: change("operations/Report_tool.go", "package operations\n"), want: "there is a file already, in operations/Report_tool.go"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := made(t, NewOptions{})
			if tt.prepare != nil {
				tt.prepare(t, dir)
			}
			if tt.o.Name == "" && tt.o.Scopes == nil {
				tt.o = tool(dir)
			}
			tt.o.Dir = dir
			if tt.o.Kind == "" {
				tt.o.Kind = Tool
			}
			before := snapshot(t, dir)
			_, err := Add(tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
				t.Errorf("refused, and changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestAdd_OpensNothingElse names the role for an operation whose permission another one needs. Only then the row is written.
func TestAdd_OpensNothingElse(t *testing.T) {
	dir := made(t, NewOptions{})
	write(t, filepath.Join(dir, "operations/more.go"), "package operations\n\nvar more = tools.Prompt{Scopes: []string{`reports:read`}}\n")
	o := tool(dir)
	if _, err := Add(o); !errors.As(err, new(Mistake)) || !strings.Contains(err.Error(), "say for whom with --role") {
		t.Errorf("%v", err)
	}
	o.Role = "admin"
	if _, err := Add(o); err != nil {
		t.Error(err)
	}
}

func TestOverlaps(t *testing.T) {
	for _, tt := range []struct {
		pattern, declared string
		want              bool
	}{
		{"notes", "notes", true}, {"notes", "note", false}, {"table/*", "table/orders", true}, {"table/*", "tables", false},
		{"table/*", "table/{table}", true}, {"table/*", "{kind}/x", true}, {"table/or*", "table/{table}", true}, {"tab*", "t/{x}", false},
		{"table/orders", "table/{table}", true}, {"table", "table/{table}", false}, {"read", "{how}", true},
	} {
		if got := overlaps(tt.pattern, tt.declared); got != tt.want {
			t.Errorf("%s and %s: %v", tt.pattern, tt.declared, got)
		}
	}
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestAdd_Names is about names that mean something else to Go: a system, a test, a keyword.
func TestAdd_Names(t *testing.T) {
	dir := made(t, NewOptions{})
	for name, file := range map[string]string{
		"build_linux": "build_linux_tool.go", "load_test": "load_test_tool.go", "func": "func_tool.go", "tools": "tools_tool.go",
		"Make.It-so": "make_it_so_tool.go", "_x": "x_tool.go",
	} {
		added, err := Add(AddOptions{Dir: dir, Kind: Tool, Name: name, Scopes: []string{"x:y"}})
		if err != nil || added.Files[0] != "operations/"+file {
			t.Errorf("%s: %v, %v", name, added.Files, err)
		}
	}
	for uri, name := range map[string]string{
		"note://{id}": "note", "config://limits": "config_limits", "file://reports/{year}/all": "file_reports_all", "note://caf%C3%A9/x": "note_caf_x",
	} {
		if got := nameOf(uri); got != name {
			t.Errorf("%s is named %q, want %q", uri, got, name)
		}
	}
}

// TestApply_TakesBack fails at the last file: by then the others were written.
func TestApply_TakesBack(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "one")
	write(t, filepath.Join(dir, "b"), "two")
	before := snapshot(t, dir)
	files := []rendered{{"new/c", "three"}}
	good := edit{path: "a", before: []byte("one"), after: []byte("ONE")}
	stale := edit{path: "b", before: []byte("what it was before"), after: []byte("TWO")}
	if err := apply(dir, files, []edit{good, stale}); err == nil || !strings.Contains(err.Error(), "changed in the meantime") {
		t.Errorf("%v", err)
	}
	if err := apply(dir, append(files, rendered{"a", "four"}), nil); !errors.As(err, new(Exists)) {
		t.Errorf("%v", err)
	}
	if err := apply(dir, files, []edit{good, {path: "nowhere"}}); err == nil {
		t.Error("a file that is gone was changed")
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("left behind (-before +after):\n%s", diff)
	}
	stale.before = []byte("two")
	if err := apply(dir, files, []edit{good, stale}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "ONE", "b": "TWO", "new/c": "three"}, snapshot(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestApply_KeepsModeAndLink changes a file that is reached through a link and is not for everybody.
func TestApply_KeepsModeAndLink(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real"), "one")
	if err := errors.Join(os.Chmod(filepath.Join(dir, "real"), 0o640), os.Symlink("real", filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	if err := apply(dir, nil, []edit{{path: "link", before: []byte("one"), after: []byte("two")}}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(filepath.Join(dir, "link"))
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	if info, err = os.Stat(filepath.Join(dir, "real")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	if got := slices.Sorted(maps.Keys(snapshot(t, dir))); !slices.Equal(got, []string{"link", "real"}) {
		t.Errorf("files: %v", got)
	}
}
