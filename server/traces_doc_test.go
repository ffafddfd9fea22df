package server

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
)

// TestDocumentedAttributes compares the table in docs/traces.md with the
// attributes that spans have.
func TestDocumentedAttributes(t *testing.T) {
	text, err := os.ReadFile("../docs/traces.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| (`[a-z]+[._][^|]*)\\|")
	documented := []string{string(keyDuration)} // of events, named below the table
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(m[1], -1) {
			documented = append(documented, name[1])
		}
	}
	var known []string
	for _, key := range []attribute.Key{
		keyMethod, keyVersion, keyURI, keyGenAI, keyTool, keyPrompt, keyTransport, keyProtocol, keyStatus, keyVerb, keyError, keyRPCStatus,
		keyRequestID, keyKind, keyTemplate, keyDecision, keyReason, keyDoor, keyRevision, keyEnded, keyDuration,
	} {
		known = append(known, string(key))
	}
	slices.Sort(documented)
	slices.Sort(known)
	if diff := cmp.Diff(known, documented); diff != "" {
		t.Errorf("attributes (-known +documented):\n%s", diff)
	}
}
