package authz

import (
	"fmt"
	"strings"
	"testing"
)

// manyRows is a policy of so many rows with one that the benchmarks ask about.
func manyRows(size int) string {
	var text strings.Builder
	text.WriteString("p, role:admin, notes, *, allow\ng, user:alice, role:admin\n")
	for i := range size - 2 {
		fmt.Fprintf(&text, "p, user:u%d, notes, read, allow\n", i)
	}
	return text.String()
}

// BenchmarkP20_Decide is one decision, asked again and by a caller who was never seen before.
func BenchmarkP20_Decide(b *testing.B) {
	write := need(b, "notes:write", "notes:delete")
	table := need(b, "notes:{how}", "notes:{how}")
	who := user("alice", "notes:write")
	given := values(map[string]string{"how": "write"})
	for _, size := range []int{10, 1_000, 10_000, 100_000} {
		p := compiled(b, Source{}, manyRows(size), Options{Declared: []Requirement{write, table}})
		for name, ask := range map[string]func() Decision{
			"again":       func() Decision { return p.Decide(who, write, nil) },
			"placeholder": func() Decision { return p.Decide(who, table, given) },
		} {
			b.Run(fmt.Sprintf("%d rows %s", size, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !ask().Allowed() {
						b.Fatal("denied")
					}
				}
			})
		}
		anew := forgetful(p)
		b.Run(fmt.Sprintf("%d rows anew", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				anew.Decide(who, write, nil)
			}
		})
	}
}

// BenchmarkCompile is what an edit of the policy costs.
func BenchmarkCompile(b *testing.B) {
	for _, size := range []int{1_000, 100_000} {
		text := manyRows(size)
		b.Run(fmt.Sprintf("%d rows", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compiled(b, Source{}, text, Options{Declared: []Requirement{need(b, "notes:write", "notes:delete")}})
			}
		})
	}
}

// BenchmarkExplain is what is asked by people: a permission that is missing, for which rows are proposed and tried.
func BenchmarkExplain(b *testing.B) {
	write := need(b, "notes:write", "notes:delete")
	for _, size := range []int{10, 100_000} {
		p := compiled(b, Source{}, manyRows(size), Options{Declared: []Requirement{write}})
		b.Run(fmt.Sprintf("%d rows", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if e := p.Explain(user("zoe"), write, nil); len(e.Permissions[0].Add) != 2 {
					b.Fatal(e)
				}
			}
		})
	}
}
