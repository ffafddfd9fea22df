package readme

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

const limits = root + "/docs/limits.md"

// noLimits are durations and maxima of the code that bound nothing for anybody outside
// of it.
func noLimits() []string {
	return []string{
		"server.lookInterval", "server.sayAgain", "server.headInterval", "server.renewGrace", "transport.minimumLife", "transport/token.sweepInterval",
		"tools.maxSafeInteger", "transport/message.maxSafeInteger", // the largest integer of a double
		"transport/token.maxSeconds",         // the end of the calendar
		"transport.maxPending",               // notifications wait for their client, none is lost
		"authz.maxCases", "authz.maxGuesses", // how hard it is tried to explain a policy
	}
}

// numbers are the constants of one package by their names.
type numbers map[string]ast.Expr

// constantsIn returns the constants of a folder's files that are no tests.
func constantsIn(t *testing.T, folder string) numbers {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := numbers{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				for i, value := range spec.(*ast.ValueSpec).Values {
					found[spec.(*ast.ValueSpec).Names[i].Name] = value
				}
			}
		}
	}
	return found
}

// value is the value of an expression, unknown if it is none of numbers and units of
// time, and whether it is a time.
func (n numbers) value(e ast.Expr) (constant.Value, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return constant.MakeFromLiteral(e.Value, e.Kind, 0), false
	case *ast.Ident:
		return n.value(n[e.Name])
	case *ast.SelectorExpr:
		unit, err := time.ParseDuration("1" + map[string]string{"Millisecond": "ms", "Second": "s", "Minute": "m", "Hour": "h"}[e.Sel.Name])
		if err == nil {
			return constant.MakeInt64(int64(unit)), true
		}
	case *ast.BinaryExpr:
		x, xTime := n.value(e.X)
		y, yTime := n.value(e.Y)
		switch {
		case x.Kind() != constant.Int || y.Kind() != constant.Int:
		case e.Op == token.SHL:
			by, _ := constant.Uint64Val(y)
			return constant.Shift(x, e.Op, uint(by)), false
		default:
			return constant.BinaryOp(x, e.Op, y), xTime || yTime
		}
	}
	return constant.MakeUnknown(), false
}

// spelled is how the page may write a value.
func spelled(v int64, isTime bool) []string {
	if isTime {
		return []string{spelledTime(time.Duration(v))}
	}
	all := []string{grouped(v), grouped(v) + " a minute"}
	for _, unit := range []struct {
		name string
		size int64
	}{{" MiB", 1 << 20}, {" KiB", 1 << 10}} {
		if v%unit.size == 0 {
			return append(all, grouped(v/unit.size)+unit.name)
		}
	}
	return all
}

func spelledTime(d time.Duration) string {
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}} {
		if d%unit.size == 0 {
			return fmt.Sprintf("%d %s", d/unit.size, unit.name)
		}
	}
	if d < time.Second {
		return fmt.Sprintf("%d ms", d/time.Millisecond)
	}
	return fmt.Sprintf("%g s", d.Seconds())
}

// grouped writes a number with a comma between each three digits.
func grouped(v int64) string {
	text := fmt.Sprint(v)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// knownLimits are the spellings of every limit in the code, by name.
func knownLimits(t *testing.T) map[string][]string {
	t.Helper()
	known := map[string][]string{}
	quotas := reflect.ValueOf(transport.DefaultQuotas())
	for i := range quotas.NumField() {
		name := "Quotas." + quotas.Type().Field(i).Name
		switch v := quotas.Field(i).Interface().(type) {
		case transport.Rate:
			known[name] = []string{grouped(int64(v.PerMinute)) + " a minute"}
		case time.Duration:
			known[name] = []string{spelledTime(v)}
		case int:
			known[name] = []string{grouped(int64(v))}
		default:
			t.Fatalf("%s is of a kind this test does not know", name)
		}
	}
	bound := regexp.MustCompile(`(?i)^(default|max)`)
	for _, folder := range []string{
		"authserver", "authz", "internal/ratelimit", "internal/seal", "internal/strictjson", "server", "server/cli", "tools", "transport",
		"transport/message", "transport/token",
	} {
		in := constantsIn(t, folder)
		for name, expression := range in {
			v, isTime := in.value(expression)
			if v.Kind() != constant.Int {
				continue
			}
			n, exact := constant.Int64Val(v)
			if exact && (isTime || bound.MatchString(name)) && !slices.Contains(noLimits(), folder+"."+name) {
				known[folder+"."+name] = spelled(n, isTime)
			}
		}
	}
	return known
}

var (
	limitRow = regexp.MustCompile("(?m)^\\| [^|]+ \\| ([^|]+) \\| [^|]* \\| (`[^|]+`) \\| (`[^|]+`) \\|$")
	quotedIn = regexp.MustCompile("`([^`]+)`")
)

// TestLimits holds docs/limits.md against the code: every limit has a row, every row has
// the value, and every test that it names is there.
func TestLimits(t *testing.T) {
	known, documented, tests := knownLimits(t), map[string]bool{}, testNames(t)
	page := read(t, limits)
	rows := limitRow.FindAllStringSubmatch(page, -1)
	if lines := len(regexp.MustCompile(`(?m)^\| [^-]`).FindAllString(page, -1)); lines != len(rows)+strings.Count(page, "| --- |\n") {
		t.Errorf("docs/limits.md has %d lines of tables, of which %d are rows that this test can read", lines, len(rows))
	}
	for _, row := range rows {
		for _, name := range quotedIn.FindAllStringSubmatch(row[2], -1) {
			documented[name[1]] = true
			if want := known[name[1]]; !slices.Contains(want, row[1]) {
				t.Errorf("docs/limits.md: %s is %q there, and %q in the code", name[1], row[1], want)
			}
		}
		for _, name := range quotedIn.FindAllStringSubmatch(row[3], -1) {
			if !tests[name[1]] {
				t.Errorf("docs/limits.md names %s, which is no test", name[1])
			}
		}
	}
	for name, value := range known {
		if !documented[name] {
			t.Errorf("docs/limits.md has no row for %s (%s); add one, or list it in noLimits if it bounds nothing for anybody outside", name, value[0])
		}
	}
}

// testNames are the names of all tests.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range declared.FindAllSubmatch(source, -1) {
			names[string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
