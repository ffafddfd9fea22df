package tools

import (
	"fmt"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// A client that sends very many mistakes gets the first few explained, and no
// work is done for the others.
func TestR13_ExplainingStops(t *testing.T) {
	no := &jsonschema.Schema{Not: &jsonschema.Schema{}}
	text := &jsonschema.Schema{Type: "string"}
	members, texts, twins := map[string]any{}, []any{}, []any{}
	for i := range 1000 {
		members[fmt.Sprint("k", i)] = "x"
		texts = append(texts, int64(i))
		twins = append(twins, map[string]any{"Name": "x"})
	}
	for name, c := range map[string]struct {
		schema       *jsonschema.Schema
		value        any
		sure, unsure int
	}{
		"unknown members":   {&jsonschema.Schema{AdditionalProperties: no}, members, maxProblems, 0},
		"wrong members":     {&jsonschema.Schema{AdditionalProperties: &jsonschema.Schema{Type: "integer"}}, members, maxProblems, 0},
		"doubtful members":  {&jsonschema.Schema{AdditionalProperties: &jsonschema.Schema{Pattern: "y"}}, members, 0, maxProblems},
		"patterned members": {&jsonschema.Schema{PatternProperties: map[string]*jsonschema.Schema{"y": text}}, members, 0, maxProblems},
		"wrong items":       {&jsonschema.Schema{Items: text}, texts, maxProblems, 0},
	} {
		e := &explainer{root: c.schema}
		e.walk(c.schema, c.value, "$", 0)
		if len(e.sure) != c.sure || len(e.unsure) != c.unsure {
			t.Errorf("%s: %d sure, %d unsure; want %d, %d", name, len(e.sure), len(e.unsure), c.sure, c.unsure)
		}
	}
	list := &jsonschema.Schema{Items: &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"name": text}}}
	if got := findTwins(list, twins, "$"); len(got) != maxProblems {
		t.Errorf("%d twins explained, want %d", len(got), maxProblems)
	}
	if got := findTwins(list, twins[:2], "$"); len(got) != 2 || got[1].path != "$[1].Name" {
		t.Errorf("two twins: %v", got)
	}
}
