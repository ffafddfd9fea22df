package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// marshal encodes v as encoding/json does, but a nil slice as [] and a nil map as {}:
// a schema that says "array" is then kept by the zero value too.
func marshal(v any) ([]byte, error) {
	return jsonv2.Marshal(v,
		jsonv1.DefaultOptionsV1(),
		jsonv2.FormatNilSliceAsNull(false),
		jsonv2.FormatNilMapAsNull(false),
		jsontext.EscapeForHTML(false),
		jsonv2.Deterministic(true))
}

// orEmpty returns the arguments, or an empty object if there are none.
func orEmpty(arguments json.RawMessage) json.RawMessage {
	if len(bytes.TrimSpace(arguments)) == 0 {
		return json.RawMessage(`{}`)
	}
	return arguments
}

// unrounded decodes an object as encoding/json does, except that an integer which a
// float64 would round stays what it is: an int, or a json.Number if it does not fit.
func unrounded(data []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	for name, value := range object {
		object[name] = keepInteger(value)
	}
	return object, nil
}

// keepInteger replaces the numbers in value.
func keepInteger(value any) any {
	switch v := value.(type) {
	case json.Number:
		return unroundedNumber(v)
	case map[string]any:
		for name, inner := range v {
			v[name] = keepInteger(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = keepInteger(inner)
		}
	}
	return value
}

// maxSafeInteger is the largest integer to which a float64 tells all neighbours apart.
const maxSafeInteger = 1<<53 - 1

func unroundedNumber(n json.Number) any {
	f, _ := n.Float64() // what is no float64 was refused by the schema
	if strings.ContainsAny(n.String(), ".eE") || math.Abs(f) <= maxSafeInteger {
		return f
	}
	if i, err := strconv.Atoi(n.String()); err == nil {
		return i
	}
	return n
}

// instance reads strict JSON into what the schema validator takes: integers that fit
// 64 bits stay exact, since a float64 would round those beyond 2^53.
func instance(data []byte) (any, error) {
	if err := strictjson.Check(data); err != nil {
		return nil, err
	}
	// What has been checked needs no second look for names that occur twice, and
	// what is in a bytes.Buffer is not copied.
	return readValue(jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true)))
}

// readValue reads the next value. The text was checked, so its depth is bounded and
// its syntax right; what can still fail is a number.
func readValue(d *jsontext.Decoder) (any, error) {
	switch d.PeekKind() {
	case '{':
		return readObject(d)
	case '[':
		return readArray(d)
	}
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '"':
		return token.String(), nil
	case '0':
		return number(token.String())
	case 'n':
		return nil, nil
	}
	return token.Bool(), nil
}

func readObject(d *jsontext.Decoder) (any, error) {
	object := make(map[string]any)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if object[key], err = readValue(d); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, err
}

func readArray(d *jsontext.Decoder) (any, error) {
	array := make([]any, 0)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != ']' {
		item, err := readValue(d)
		if err != nil {
			return nil, err
		}
		array = append(array, item)
	}
	_, err := d.ReadToken()
	return array, err
}

// number returns an int64, a uint64 or a float64.
func number(text string) (any, error) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, nil
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		return u, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, errors.New("a number out of range")
	}
	return f, nil
}
