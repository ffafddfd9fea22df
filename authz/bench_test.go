package authz

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkDecide(b *testing.B) {
	write := need(b, "notes:write", "notes:delete")
	for _, size := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprintf("%d rows", size), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("p, role:admin, notes, *, allow\ng, user:alice, role:admin\n")
			for i := range size - 2 {
				fmt.Fprintf(&text, "p, user:u%d, notes, read, allow\n", i)
			}
			p := compiled(b, Source{}, text.String(), Options{Declared: []Requirement{write}})
			who := user("alice", "notes:write")
			b.ReportAllocs()
			for b.Loop() {
				if !p.Decide(who, write, nil).Allowed() {
					b.Fatal("denied")
				}
			}
		})
	}
}
