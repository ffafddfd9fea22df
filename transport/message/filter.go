package message

import "encoding/json"

func filterMembers() []string {
	return []string{"toolsListChanged", "promptsListChanged", "resourcesListChanged", "resourceSubscriptions"}
}

// filter reads what subscriptions/listen asks for.
func (r *reader) filter(params members) *Filter {
	if params.get("notifications") == nil {
		r.fail(CodeInvalidParams, "notifications is missing")
		return nil
	}
	ms := r.open(params, "notifications", filterMembers())
	return &Filter{
		Tools:     r.flag(ms, "toolsListChanged"),
		Prompts:   r.flag(ms, "promptsListChanged"),
		Resources: r.flag(ms, "resourcesListChanged"),
		URIs:      r.uris(ms, "resourceSubscriptions"),
	}
}

// flag reads an optional boolean member.
func (r *reader) flag(ms members, name string) bool {
	raw := ms.get(name)
	if raw != nil && string(raw) != "true" && string(raw) != "false" {
		r.fail(CodeInvalidParams, name+" must be true or false")
	}
	return string(raw) == "true"
}

// MaxSubscriptions is how many resources one subscriptions/listen may name.
const MaxSubscriptions = 1000

// MaxSubscribed is how many bytes the URIs may have together, for they are kept as
// long as somebody listens.
const MaxSubscribed = 64 << 10

// uris reads an optional array of strings, each kept once.
func (r *reader) uris(ms members, name string) []string {
	raw := ms.get(name)
	if raw == nil {
		return nil
	}
	var values []any
	if json.Unmarshal(raw, &values) != nil || len(values) > MaxSubscriptions {
		r.fail(CodeInvalidParams, name+" must be an array of at most 1000 strings")
		return nil
	}
	var uris []string
	size := 0
	seen := make(map[string]bool, len(values))
	for _, value := range values {
		uri, ok := value.(string)
		if !ok {
			r.fail(CodeInvalidParams, name+" must be an array of at most 1000 strings")
			return nil
		}
		if !seen[uri] {
			if size += len(uri); size > MaxSubscribed {
				r.fail(CodeInvalidParams, name+" must be at most 64 KiB")
				return nil
			}
			seen[uri] = true
			uris = append(uris, uri)
		}
	}
	return uris
}
