package authz

import (
	"bytes"
	"context"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestPrincipal_Context(t *testing.T) {
	if _, ok := PrincipalFrom(context.Background()); ok {
		t.Error("a principal out of nowhere")
	}
	got, ok := PrincipalFrom(WithPrincipal(context.Background(), user("alice")))
	if !ok || got.Subject != "alice" {
		t.Errorf("%v, %t", got, ok)
	}
}

// TestPrincipal_Same changes every field by itself, whichever there are.
func TestPrincipal_Same(t *testing.T) {
	if !(Principal{}).Same(Principal{}) || !user("alice").Same(user("alice")) {
		t.Error("a principal is not itself")
	}
	for i := range reflect.TypeFor[Principal]().NumField() {
		var changed Principal
		field := reflect.ValueOf(&changed).Elem().Field(i)
		switch field.Interface().(type) {
		case string:
			field.SetString("x")
		case bool:
			field.SetBool(true)
		case []string:
			field.Set(reflect.ValueOf([]string{"x"}))
		case time.Time:
			field.Set(reflect.ValueOf(time.Unix(1, 0)))
		}
		if field.IsZero() || changed.Same(Principal{}) || (Principal{}).Same(changed) {
			t.Errorf("%s makes no difference", reflect.TypeFor[Principal]().Field(i).Name)
		}
	}
}

func TestPrincipal_LogsLittle(t *testing.T) {
	p := Principal{
		Issuer: "https://issuer.example", Subject: "alice", Client: "app", Groups: []string{"secretgroup"},
		Roles: []string{"secretrole"}, Scopes: []string{"secretscope"}, TokenID: "secretid", GrantID: "secretgrant",
		Actor: "secretactor", Expires: time.Unix(0, 0),
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "who", p)
	text := out.String() + p.String()
	if strings.Contains(text, "secret") || !strings.Contains(text, "alice") || !strings.Contains(text, "app") {
		t.Error(text)
	}
	p.Machine = true
	if got := p.String(); got != "client app" {
		t.Error(got)
	}
}
