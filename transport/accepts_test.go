package transport

import (
	"mime"
	"net/http"
	"strings"
	"testing"
)

// TestAcceptsEqualsMime: the short way for what clients usually send answers as
// package mime reads it.
func TestAcceptsEqualsMime(t *testing.T) {
	spelled := func(item, want string) bool {
		mediaType, parameters, err := mime.ParseMediaType(item)
		if err != nil || parameters["q"] == "0" || parameters["q"] == "0.000" {
			return false
		}
		return mediaType == want || mediaType == "*/*" || mediaType == "application/*"
	}
	for _, item := range []string{
		"application/json", " application/json", "application/json ", "\tapplication/json", "application/json;", "application/json; q=0",
		"application/json;q=0.000", "application/json; q=1", "Application/JSON", "application/ json", "application/jsonx", "xapplication/json",
		"text/event-stream", "*/*", "application/*", "application/json/x", "", " ", ";", "application/json;;q=0",
	} {
		want := spelled(item, "application/json")
		if got := accepts(http.Header{"Accept": {item}}, "application", "json"); got != want {
			t.Errorf("Accept %q: %t, mime says %t", item, got, want)
		}
		if got := accepts(http.Header{"Accept": {"text/html, " + item}}, "application", "json"); got != want {
			t.Errorf("Accept text/html, %q: %t, mime says %t", item, got, want)
		}
		mediaType, parameters, err := mime.ParseMediaType(item)
		charset, named := parameters["charset"]
		want = err == nil && mediaType == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
		if got := jsonInUTF8([]string{item}); got != want {
			t.Errorf("Content-Type %q: %t, mime says %t", item, got, want)
		}
	}
}
