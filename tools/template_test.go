package tools

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
)

func TestTemplate_Match(t *testing.T) {
	for _, c := range []struct {
		template, uri string
		want          map[string]string // nil: no match
	}{
		{"note://{id}", "note://7", map[string]string{"id": "7"}},
		{"note://{id}", "note://a.b-c_d~e", map[string]string{"id": "a.b-c_d~e"}},
		{"note://{id}", "note://a:b@c;d=e,f+g*h", map[string]string{"id": "a:b@c;d=e,f+g*h"}},
		{"note://{id}", "note://a%20b", map[string]string{"id": "a b"}},
		{"note://{id}", "note://%e4%b8%96", map[string]string{"id": "世"}},
		{"note://{id}", "note://%2541", map[string]string{"id": "%41"}}, // decoded once
		{"note://{id}", "note://", nil},
		{"note://{id}", "note://a/b", nil},
		{"note://{id}", "note://a/", nil},
		{"note://{id}", "xnote://a", nil}, // anchored at both ends
		{"note://{id}", "NOTE://a", nil},
		{"note://{id}", "note://a?x", nil},
		{"note://{id}", "note://a#x", nil},
		{"note://{id}", "note://a b", nil},
		{"note://{id}", "note://世", nil},
		{"note://{id}", "note://a%2Fb", nil}, // would be two segments to a reader of paths
		{"note://{id}", "note://a%5Cb", nil},
		{"note://{id}", "note://a%00", nil},
		{"note://{id}", "note://a%0A", nil},
		{"note://{id}", "note://%7F", nil},
		{"note://{id}", "note://%C2%85", nil},
		{"note://{id}", "note://%FF", nil},
		{"note://{id}", "note://%zz", nil},
		{"note://{id}", "note://%4", nil},
		{"note://{id}", "note://.", nil},
		{"note://{id}", "note://..", nil},
		{"note://{id}", "note://%2e%2E", nil},
		{"note://{id}", "note://...", map[string]string{"id": "..."}},
		{"f:///{dir}/v{major}.json", "f:///a/v1.json", map[string]string{"dir": "a", "major": "1"}},
		{"f:///{dir}/v{major}.json", "f:///a/v1.json.json", map[string]string{"dir": "a", "major": "1.json"}},
		{"f:///{dir}/v{major}.json", "f:///a/v.json", nil},
		{"f:///{dir}/v{major}.json", "f:///a/v1.json/", nil},
		{"f:///{dir}/v{major}.json", "f:///v1.json", nil},
		{"f:///{a}bca", "f:///bca", nil}, // prefix and suffix may not share text
		{"f:///ab{x}ba", "f:///aba", nil},
		{"tag:{id}", "tag:x", map[string]string{"id": "x"}},
	} {
		template, err := parseTemplate(c.template)
		if err != nil {
			t.Fatalf("%s: %v", c.template, err)
		}
		got, ok := template.match(c.uri)
		if ok != (c.want != nil) || (ok && !cmp.Equal(got, c.want)) {
			t.Errorf("%s on %s: %v %v, want %v", c.template, c.uri, got, ok, c.want)
		}
	}
}

func TestTemplate_Mistakes(t *testing.T) {
	for template, want := range map[string]string{
		"{id}":              "does not begin with a scheme",
		"{s}:x":             "does not begin with a scheme",
		"Note://{id}":       "scheme in lower case",
		"1n://{id}":         "scheme in lower case",
		"note://{id":        "has a { without } before",
		"note://id}/{x}":    "which may not be in the fixed part",
		"note://{}":         "the expression {}",
		"note://{+id}":      "the expression {+id}",
		"note://{/id}":      "has a { without } before the next slash",
		"note://x{?id}":     "the expression {?id}",
		"note://{a,b}":      "the expression {a,b}",
		"note://{a*}":       "the expression {a*}",
		"note://{a:3}":      "the expression {a:3}",
		"note://{1a}":       "the expression {1a}",
		"note://{a}{b}":     "two variables between slashes",
		"note://{a}-{b}":    "two variables between slashes",
		"note://{a}/{a}":    "twice",
		"note://*/{a}":      "may not be in the fixed part",
		"note://x?y={a}":    "may not be in the fixed part",
		"note://{a}#x":      "may not be in the fixed part",
		"note://a%20b/{a}":  "may not be in the fixed part",
		"note://世/{a}":      "may not be in the fixed part",
		"note://a b/{a}":    "may not be in the fixed part",
		"note://{a}/\x00":   "may not be in the fixed part",
		"note://{a}/\n/{b}": "may not be in the fixed part",
	} {
		_, err := parseTemplate(template)
		if err == nil {
			t.Errorf("%q: accepted", template)
			continue
		}
		mustContain(t, err.Error(), want)
	}
}

func TestTemplate_Overlaps(t *testing.T) {
	for _, c := range []struct {
		a, b    string
		overlap bool
	}{
		{"note://{id}", "note://{name}", true},
		{"note://{id}", "notes://{id}", false},
		{"note://{id}", "note://{id}/x", false},
		{"note://a/{id}", "note://b/{id}", false},
		{"note://a/{id}", "note://{x}/b", true},
		{"note://a/{id}/c", "note://{x}/b/d", false},
		{"note://v{id}", "note://{id}", true},
		{"note://v{id}", "note://w{id}", false},
		{"note://v{id}", "note://vv{id}", true},
		{"note://{id}.txt", "note://{id}.json", false},
		{"note://{id}.txt", "note://v{id}", true},
		{"note://{id}.txt", "note://.txt/{id}", false},
		{"f://x{a}/y", "f://x/y{a}", false}, // x alone leaves no value
		{"f://x{a}/y", "f://xz/{a}", true},
		{"f://{a}/y", "f://../{a}", false}, // .. is no value
	} {
		a, errA := parseTemplate(c.a)
		b, errB := parseTemplate(c.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if a.overlaps(b) != c.overlap || b.overlaps(a) != c.overlap {
			t.Errorf("%s and %s: %v, %v; want %v", c.a, c.b, a.overlaps(b), b.overlaps(a), c.overlap)
		}
	}
}

func TestFixedURI_Mistakes(t *testing.T) {
	for uri, good := range map[string]bool{
		"note://all": true, "mailto:a@b": true, "https://h:1/a%20b?c=d": true, "file:///x": true,
		"": false, "all": false, "/all": false, "note:": false, "Note://all": false, "note://*": false,
		"note://a#b": false, "note://a b": false, "note://\x00": false, "note://世": false, "note://%zz/%zz": false,
		"://x": false, "note://a\\b": false,
	} {
		if err := checkURI(uri); (err == nil) != good {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// FuzzTemplate checks that a match is the only reading: expanding the template with the
// values gives a URI that matches with the same values, and only overlapping templates
// match the same URI.
func FuzzTemplate(f *testing.F) {
	for _, seed := range [][3]string{
		{"note://{id}", "note://a/{id}", "note://a%20b"},
		{"f:///{dir}/v{n}.json", "f:///a/{x}", "f:///a/v1.json"},
		{"a:{b}", "a:x{b}", "a:xy"},
		{"f://{a}%/x", "f://x", "f://.."},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, textA, textB, uri string) {
		a, errA := parseTemplate(textA)
		b, errB := parseTemplate(textB)
		if errA != nil {
			return
		}
		values, ok := a.match(uri)
		if ok {
			if again, ok := a.match(expand(textA, values)); !ok || !cmp.Equal(again, values) {
				t.Fatalf("%s on %q: %v, but expanded %q: %v", textA, uri, values, expand(textA, values), again)
			}
			for name, value := range values {
				if value == "" || strings.ContainsAny(value, "/\\\x00") {
					t.Fatalf("%s on %q: %s is %q", textA, uri, name, value)
				}
			}
			if len(a.variables) > 0 {
				mcp.NewResourceTemplate(textA, "x") // must not panic on what was accepted
			}
		}
		if errB != nil || !ok {
			return
		}
		if _, both := b.match(uri); both && (!a.overlaps(b) || !b.overlaps(a)) {
			t.Fatalf("%q matches %s and %s, which are said not to overlap", uri, textA, textB)
		}
	})
}

func expand(template string, values map[string]string) string {
	for name, value := range values {
		template = strings.ReplaceAll(template, "{"+name+"}", url.PathEscape(value))
	}
	return template
}
