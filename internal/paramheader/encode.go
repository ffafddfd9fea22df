package paramheader

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The marks of a Base64 encoded header value ("Value Encoding").
const (
	encodedPrefix = "=?base64?"
	encodedSuffix = "?="
)

// Encode writes a text so that a header can hold it ("Value Encoding").
func Encode(text string) string {
	marked := strings.HasPrefix(text, encodedPrefix) && strings.HasSuffix(text, encodedSuffix)
	plain := strings.TrimSpace(text) == text && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
	if plain && !marked {
		return text
	}
	return encodedPrefix + base64.StdEncoding.EncodeToString([]byte(text)) + encodedSuffix
}

// Values returns what the headers of a call say, given the headers of its schema and its arguments. What is absent or null has
// none. The error names a value that no header can carry.
func Values(headers map[string][]string, arguments json.RawMessage) (map[string]string, error) {
	values := map[string]string{}
	for header, path := range headers {
		raw := at(arguments, path)
		if raw == nil {
			continue
		}
		text, err := written(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(path, "."), err)
		}
		values[header] = Encode(text)
	}
	return values, nil
}

// at returns the value at a path of properties, nil when there is none.
func at(arguments json.RawMessage, path []string) json.RawMessage {
	value := arguments
	for _, name := range path {
		var members map[string]json.RawMessage
		if json.Unmarshal(value, &members) != nil {
			return nil
		}
		value = members[name]
	}
	if string(value) == "null" {
		return nil
	}
	return value
}

// written is how a header spells a value.
func written(raw json.RawMessage) (string, error) {
	var text string
	var yes bool
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	if json.Unmarshal(raw, &yes) == nil {
		return strconv.FormatBool(yes), nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n > MaxSafe || n < -MaxSafe {
		return "", errors.New("only a text, true, false or an integer of at most 2^53-1 can stand in a header")
	}
	return strconv.FormatInt(n, 10), nil
}
