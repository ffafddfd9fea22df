package authz

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkDecide is one decision, from memory and asked anew.
func BenchmarkDecide(b *testing.B) {
	write := need(b, "notes:write", "notes:delete")
	who := user("alice", "notes:write")
	for _, size := range []int{10, 1_000, 10_000} {
		var text strings.Builder
		text.WriteString("p, role:admin, notes, *, allow\ng, user:alice, role:admin\n")
		for i := range size - 2 {
			fmt.Fprintf(&text, "p, user:u%d, notes, read, allow\n", i)
		}
		remembers := compiled(b, Source{}, text.String(), Options{Declared: []Requirement{write}})
		for name, p := range map[string]*Policy{"remembered": remembers, "anew": forgetful(remembers)} {
			b.Run(fmt.Sprintf("%d rows %s", size, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !p.Decide(who, write, nil).Allowed() {
						b.Fatal("denied")
					}
				}
			})
		}
	}
}
