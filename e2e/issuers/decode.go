package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// jwt is what a token says, without its signature.
type jwt struct {
	Header map[string]any `json:"header"`
	Claims map[string]any `json:"claims"`
}

// decode reads a token without verifying it.
func decode(token string) (jwt, error) {
	var read jwt
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return read, errors.New("not a JWT")
	}
	for i, into := range []*map[string]any{&read.Header, &read.Claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return read, errors.New("not a JWT: a part is not base64url")
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(into); err != nil {
			return read, errors.New("not a JWT: a part is not an object")
		}
	}
	return read, nil
}

// encode writes a token with a signature of the right length that is none.
func encode(header, claims map[string]any) string {
	part := func(object map[string]any) string {
		body, _ := json.Marshal(object) // of strings and numbers
		return base64.RawURLEncoding.EncodeToString(body)
	}
	return part(header) + "." + part(claims) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 256))
}

// text returns a string member, "" if it is none.
func text(object map[string]any, name string) string {
	s, _ := object[name].(string)
	return s
}

const (
	issued  = 1767225600 // what a fixture has for the time a token was issued: 2026-01-01
	aKey    = "0000000000000000000000000000000000000000000"
	aNumber = "00000000-0000-4000-8000-000000000000"
)

// shape returns the token with what differs from run to run replaced by what is always the same: addresses, times, ids, and the order of
// lists and scopes. What is left is what an issuer's profile is about.
func (t jwt) shape(addresses *strings.Replacer) jwt {
	began, _ := number(t.Claims["iat"])
	uuid := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	change := func(name string, value any) any {
		switch name {
		case "exp", "iat", "nbf", "auth_time":
			at, ok := number(value)
			if !ok {
				return value
			}
			if name == "auth_time" {
				at = began // a second or two before
			}
			return issued + (at-began+5)/10*10 // the clock may tick between two claims
		case "jti", "sid", "session_state", "kid", "at_hash":
			id, _ := value.(string)
			if uuid.MatchString(id) { // Keycloak writes onrtac: and the like in front
				return uuid.ReplaceAllString(id, aNumber)
			}
			if len(id) < 16 { // no random one
				return id
			}
			return aKey[:min(len(aKey), len(id))]
		case "scope":
			words, _ := value.(string)
			return strings.Join(slices.Sorted(strings.FieldsSeq(words)), " ")
		}
		return mapped(value, addresses)
	}
	same := jwt{Header: map[string]any{}, Claims: map[string]any{}}
	for name, value := range t.Header {
		same.Header[name] = change(name, value)
	}
	for name, value := range t.Claims {
		same.Claims[name] = change(name, value)
	}
	return same
}

func number(value any) (int64, bool) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

// mapped replaces addresses in every string of a value, and sorts its lists.
func mapped(value any, addresses *strings.Replacer) any {
	switch v := value.(type) {
	case string:
		return addresses.Replace(v)
	case []any:
		list := make([]any, 0, len(v))
		for _, one := range v {
			list = append(list, mapped(one, addresses))
		}
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, one := range v {
			object[name] = mapped(one, addresses)
		}
		return object
	}
	return value
}
