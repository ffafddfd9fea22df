package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/transport/token"
)

// TestIssuersAsDeclared: a URL alone means the issuer as the program declares it; one of which the file says more is as the file says.
func TestIssuersAsDeclared(t *testing.T) {
	const url = "https://id.example.com"
	declared := []token.Issuer{{URL: url, Alias: "main", Profile: token.Okta()}}
	said := token.Issuer{URL: url, Profile: token.Keycloak()}
	got := asDeclared([]token.Issuer{{URL: url}, said, {URL: url + "/other"}}, declared)
	if diff := cmp.Diff([]token.Issuer{declared[0], said, {URL: url + "/other"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
