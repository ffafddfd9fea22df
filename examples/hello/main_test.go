package main

import (
	"testing"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

func TestGreet(t *testing.T) {
	srv := servertest.Start(t, config())
	client := srv.Client(t, srv.Token(t, servertest.User("dana"), "greet:use"))
	if answer := client.Call("greet", map[string]any{"name": "Ada"}); answer.Text() != "Hello, Ada" {
		t.Errorf("greet: %v", answer)
	}
	without := srv.Client(t, srv.Token(t, servertest.User("dana")))
	if answer := without.Call("greet", map[string]any{"name": "Ada"}); !answer.StepUp("greet:use") {
		t.Errorf("greet without the scope: %v", answer)
	}
}
