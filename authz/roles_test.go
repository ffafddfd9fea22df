package authz

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPolicy_Roles(t *testing.T) {
	p := compiled(t, Source{}, "g, user:alice, role:payroll\ng, role:payroll, role:reader\ng, user:alice, group:staff\np, role:reader, notes, read, allow\n", Options{})
	if diff := cmp.Diff([]string{"role:payroll", "group:staff"}, p.Roles("user:alice")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if roles := append(p.Roles("user:bob"), (*Policy)(nil).Roles("user:alice")...); roles != nil {
		t.Errorf("roles out of nothing: %v", roles)
	}
}
