package main

import (
	"testing"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// TestPolicy tests what the policy at the root says about greeting. The tests beside that policy are those of the notes example.
func TestPolicy(t *testing.T) { servertest.TestPolicy(t, config(), "policy_test.yaml") }

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
