package main

// object is the schema of a form with these fields.
func object(fields map[string]any, required ...string) map[string]any {
	schema := map[string]any{"type": "object", "properties": fields}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

func whoFields() map[string]any {
	return map[string]any{
		"username": map[string]any{"type": "string", "description": "User's response"},
		"email":    map[string]any{"type": "string", "description": "User's email address"},
	}
}

// defaultFields are one field of each type with a value to begin with (SEP-1034).
func defaultFields() map[string]any {
	return map[string]any{
		"name":     map[string]any{"type": "string", "default": "John Doe"},
		"age":      map[string]any{"type": "integer", "default": 30},
		"score":    map[string]any{"type": "number", "default": 95.5},
		"status":   map[string]any{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
		"verified": map[string]any{"type": "boolean", "default": true},
	}
}

// choiceFields are the five ways to offer a choice (SEP-1330).
func choiceFields() map[string]any {
	return map[string]any{
		"untitledSingle": map[string]any{"type": "string", "enum": options()},
		"titledSingle":   map[string]any{"type": "string", "oneOf": titled("First Option", "Second Option", "Third Option")},
		"legacyEnum": map[string]any{
			"type": "string", "enum": []string{"opt1", "opt2", "opt3"}, "enumNames": []string{"Option One", "Option Two", "Option Three"},
		},
		"untitledMulti": map[string]any{"type": "array", "items": map[string]any{"type": "string", "enum": options()}},
		"titledMulti":   map[string]any{"type": "array", "items": map[string]any{"anyOf": titled("First Choice", "Second Choice", "Third Choice")}},
	}
}

func options() []string { return []string{"option1", "option2", "option3"} }

// titled offers value1, value2 and so on under these titles.
func titled(titles ...string) []map[string]string {
	var all []map[string]string
	for i, title := range titles {
		all = append(all, map[string]string{"const": "value" + string(rune('1'+i)), "title": title})
	}
	return all
}
