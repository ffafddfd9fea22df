package authz

import (
	"bytes"
	"context"
	"log/slog"
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
