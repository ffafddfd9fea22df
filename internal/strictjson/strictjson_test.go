package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// accepted lists the texts of JSONTestSuite that a parser may decide about and
// that Check accepts: numbers are only checked for their syntax, since what a
// number means is decided by whoever reads it. All other such texts are refused.
var accepted = map[string]bool{
	"i_number_double_huge_neg_exp.json":   true,
	"i_number_huge_exp.json":              true,
	"i_number_neg_int_huge_exp.json":      true,
	"i_number_pos_double_huge_exp.json":   true,
	"i_number_real_neg_overflow.json":     true,
	"i_number_real_pos_overflow.json":     true,
	"i_number_real_underflow.json":        true,
	"i_number_too_big_neg_int.json":       true,
	"i_number_too_big_pos_int.json":       true,
	"i_number_very_big_negative_int.json": true,
}

// stricter lists the texts that are correct JSON and refused all the same.
var stricter = map[string]bool{
	"y_object_duplicated_key.json":           true,
	"y_object_duplicated_key_and_value.json": true,
}

func TestJSONTestSuite(t *testing.T) {
	files, err := filepath.Glob("testdata/test_parsing/*.json")
	if err != nil || len(files) < 300 {
		t.Fatalf("found %d files, %v; want over 300", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.HasPrefix(name, "y_") && !stricter[name] || accepted[name]
		if err := strictjson.Check(data); (err == nil) != want {
			t.Errorf("Check(%s) = %v, want accepted: %t", name, err, want)
		}
	}
}

func nested(open, inner, end string, depth int) string {
	return strings.Repeat(open, depth) + inner + strings.Repeat(end, depth)
}

func object(n int, last string) string {
	var b strings.Builder
	b.WriteString("{")
	for i := range n {
		fmt.Fprintf(&b, `"n%d":{"a":1,"b":[{}]},`, i)
	}
	b.WriteString(last + "}")
	return b.String()
}

func TestCheck(t *testing.T) {
	tests := []struct{ name, bad, repaired, reason string }{
		{"duplicate name", `{"a":1,"a":1}`, `{"a":1,"b":1}`, "twice"},
		{"escaped duplicate", `{"a":1,"\u0061":1}`, `{"a":1,"\u0062":1}`, "twice"},
		{"case twin", `{"sub":1,"Sub":1}`, `{"sub":1,"Sup":1}`, "case"},
		{"long s", `{"sub":1,"ſub":1}`, `{"sub":1,"śub":1}`, "case"},
		{"escaped long s", `{"sub":1,"\u017fub":1}`, `{"sub":1,"\u0180ub":1}`, "case"},
		{"Kelvin sign", "{\"key\":1,\"\u212aey\":1}", `{"key":1,"hey":1}`, "case"},
		{"twins beyond ASCII", `{"σ":1,"ς":1}`, `{"σ":1,"τ":1}`, "case"},
		{"nested twin", `[{"x":{"a":1,"A":1}}]`, `[{"x":{"a":1},"A":1}]`, "case"},
		{"twin after a nested object", `{"a":{"b":1},"A":1}`, `{"a":{"b":1},"B":1}`, "case"},
		{"twin among 16", object(15, `"N3":1`), object(15, `"M3":1`), "case"},
		{"twin among 17", object(16, `"N15":1`), object(16, `"N16":1`), "case"},
		{"twin of a late name", object(40, `"N39":1`), object(40, `"N40":1`), "case"},
		{"empty name twice", `{"":1,"":1}`, `{"":1,"0":1}`, "twice"},
		{"depth in arrays", nested("[", "", "]", 65), nested("[", "", "]", 64), "deep"},
		{"depth in objects", nested(`{"a":`, "1", "}", 65), nested(`{"a":`, "1", "}", 64), "deep"},
		{"trailing value", `{} {}`, `{} `, "more than one"},
		{"trailing bytes", `{}x`, "{}\r\n\t ", "syntax"},
		{"trailing no-break space", "{}\u00a0", "{} ", "syntax"},
		{"trailing NUL", "{}\x00", "{}", "syntax"},
		{"byte order mark", "\ufeff{}", "{}", "order mark"},
		{"invalid UTF-8", "[\"\xff\"]", "[\"\xc3\xbf\"]", "UTF-8"},
		{"overlong UTF-8", "[\"\xc0\xaf\"]", "[\"/\"]", "UTF-8"},
		{"invalid UTF-8 in a name", "{\"\xff\":1}", "{\"\xc3\xbf\":1}", "UTF-8"},
		{"lone high surrogate", `["\ud800"]`, `["\ud800\udc00"]`, "syntax"},
		{"lone low surrogate", `["\udc00"]`, `["\ud800\udc00"]`, "syntax"},
		{"lone surrogate in a name", `{"\ud800":1}`, `{"\ud800\udc00":1}`, "syntax"},
		{"encoded surrogate", "[\"\xed\xa0\x80\"]", `["\ud800\udc00"]`, "UTF-8"},
		{"empty", ``, `0`, "too early"},
		{"only white space", " \n", " \n0", "too early"},
		{"truncated", `{"a":`, `{"a":1}`, "too early"},
		{"mismatched", `[}`, `[]`, "syntax"},
		{"name that is no string", `{1:1}`, `{"1":1}`, "syntax"},
		{"object as name", `{{}:1}`, `{"":1}`, "syntax"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := strictjson.Check([]byte(tt.bad))
			var e *strictjson.Error
			if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.reason) {
				t.Errorf("Check(bad) = %v, want a reason with %q", err, tt.reason)
			}
			if err := strictjson.Check([]byte(tt.repaired)); err != nil {
				t.Errorf("Check(repaired) = %v", err)
			}
			for _, data := range []string{tt.bad, `{"x":` + tt.bad + `}`} {
				if _, err := strictjson.Object([]byte(data)); err == nil {
					t.Errorf("Object(%q) accepted", data)
				}
			}
		})
	}
}

func TestErrorsQuoteNothing(t *testing.T) {
	const secret = "hunter2"
	for _, text := range []string{
		`{"hunter2":1,"Hunter2":1}`, `{"a":"hunter2" hunter2}`, `["hunter2\ud800"]`, `"hunter2" "hunter2"`,
		`{"n":"hunter2"}`, `{"m":"hunter2"}`, "[\"hunter2\xff\"]",
	} {
		var v struct {
			N int      `json:"n"`
			M stubborn `json:"m"`
		}
		err := strictjson.Unmarshal([]byte(text), &v)
		if err == nil || strings.Contains(strings.ToLower(err.Error()), secret) {
			t.Errorf("Unmarshal(%q) = %v", text, err)
		}
	}
}

// stubborn quotes its input in its error.
type stubborn struct{}

func (*stubborn) UnmarshalJSON(b []byte) error { return fmt.Errorf("cannot read %s", b) }

func TestObject(t *testing.T) {
	got, err := strictjson.Object([]byte(" {\"b\" :\t {\"x\": [1, 2 ]} , \"\\u0061\": \":\",\"c\":-1e5\n, \"d\": null} "))
	want := map[string]json.RawMessage{
		"b": json.RawMessage(`{"x": [1, 2 ]}`), "a": json.RawMessage(`":"`), "c": json.RawMessage(`-1e5`), "d": json.RawMessage("null"),
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if got, err := strictjson.Object([]byte("{}")); err != nil || len(got) != 0 {
		t.Errorf("Object({}) = %v, %v", got, err)
	}
	if got, err := strictjson.Object([]byte(`{"a":1,"A":2}`)); err == nil || got != nil {
		t.Errorf("Object(twins) = %v, %v", got, err)
	}
	for _, text := range []string{`[]`, `null`, `"a"`, `1`} {
		if _, err := strictjson.Object([]byte(text)); err == nil || !strings.Contains(err.Error(), "not an object") {
			t.Errorf("Object(%s) = %v", text, err)
		}
	}
}

func TestUnmarshal(t *testing.T) {
	type inner struct {
		N int8 `json:"n"`
	}
	type outer struct {
		Name  string          `json:"name"`
		Bytes []byte          `json:"bytes"`
		Raw   json.RawMessage `json:"raw"`
		Inner []inner         `json:"inner"`
	}
	var got outer
	err := strictjson.Unmarshal([]byte(`{"Name":"x","bytes":"YQ==","raw":{"a": 1},"inner":[{"n":1},{"N":2}],"other":1}`), &got)
	want := outer{Bytes: []byte("a"), Raw: json.RawMessage(`{"a": 1}`), Inner: []inner{{1}, {}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	tests := []struct{ text, path, reason string }{
		{`{"inner":[{},{"n":300}]}`, "/inner/1/n", "int8"},
		{`{"name":1}`, "/name", "a number that does not fit string"},
		{`{"name":"a","Name":"b"}`, "", "case"},
	}
	for _, tt := range tests {
		var e *strictjson.Error
		if err := strictjson.Unmarshal([]byte(tt.text), &got); !errors.As(err, &e) {
			t.Errorf("Unmarshal(%s) = %v", tt.text, err)
		} else if e.Path != tt.path || !strings.Contains(e.Reason, tt.reason) {
			t.Errorf("Unmarshal(%s) = %v, want path %q and a reason with %q", tt.text, e, tt.path, tt.reason)
		}
	}
	if err := strictjson.Unmarshal([]byte(`{}`), nil); err == nil {
		t.Error("Unmarshal into nil succeeded")
	}
}

func TestUnmarshalKnown(t *testing.T) {
	var v struct {
		Name string `json:"name"`
	}
	for in, want := range map[string]string{
		`{"label":"x"}`: "a member that is not known", `{"Name":"x"}`: "a member that is not known", `{"name":"x","name":"y"}`: "twice",
		`{"name":1}`: "does not fit",
	} {
		if err := strictjson.UnmarshalKnown([]byte(in), &v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", in, err)
		}
	}
	if err := strictjson.UnmarshalKnown([]byte(`{"name":"x"}`), &v); err != nil || v.Name != "x" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestFoldAgreesWithEncodingJSON(t *testing.T) {
	for _, tt := range []struct{ name, field string }{
		{"SUB", "sub"}, {"ſub", "sub"}, {"\u212aey", "key"}, {"iſſ", "iss"}, {"sub", "sub"},
		{"sub_", "sub"}, {"śub", "sub"}, {"İss", "iss"}, {"ıss", "iss"}, {"", "sub"},
	} {
		var v struct {
			Sub int `json:"sub"`
			Key int `json:"key"`
			Iss int `json:"iss"`
		}
		text, err := json.Marshal(map[string]int{tt.name: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		matched := map[string]int{"sub": v.Sub, "key": v.Key, "iss": v.Iss}[tt.field] == 1
		if folds := strictjson.Fold(tt.name) == strictjson.Fold(tt.field); folds != matched {
			t.Errorf("Fold takes %q for %q: %t, encoding/json: %t", tt.name, tt.field, folds, matched)
		}
	}
	if strictjson.Fold("\xff") != strictjson.Fold("\ufffd") {
		t.Error("invalid UTF-8 does not fold like its replacement")
	}
}

func TestTwin(t *testing.T) {
	known := strictjson.NewNames("sub", "iss", "Sec")
	for name, want := range map[string]bool{
		"sub": false, "iss": false, "other": false, "subs": false, "Sec": false, "Iss": true, "\u017fub": true, "sec": true,
	} {
		if got := known.Twin(name); got != want {
			t.Errorf("Twin(%q) = %t, want %t", name, got, want)
		}
	}
}

func TestManyNamesTakeLinearTime(t *testing.T) {
	text := []byte(object(100_000, `"last":1`))
	if n := testing.AllocsPerRun(1, func() {
		if err := strictjson.Check(text); err != nil {
			t.Error(err)
		}
	}); n > 200_000 {
		t.Errorf("%v allocations for 100,000 names", n)
	}
}

// FuzzCheck: what Check accepts, encoding/json accepts too, and writing it out
// again changes nothing that a second reading would see.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}],"\u0063":"\ud83d\ude00"}`, `{"sub":1,"ſub":2}`, `[[]]`, `"x"`, "\ufeff1", `{"a":1}{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strictjson.Check(data) != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatal("encoding/json refuses it")
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(data, &members) == nil && members != nil {
			got, err := strictjson.Object(data)
			if diff := cmp.Diff(members, got); diff != "" || err != nil {
				t.Fatal(err, diff)
			}
		}
		var v any
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		first, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := strictjson.Check(first); err != nil {
			t.Fatalf("re-encoded: %v", err)
		}
		var w any
		dec = json.NewDecoder(strings.NewReader(string(first)))
		dec.UseNumber()
		if err := dec.Decode(&w); err != nil || !cmp.Equal(v, w) {
			t.Fatalf("re-encoding changed it: %v", err)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	data := []byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"notes_search","arguments":{"query":"milk"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := strictjson.Check(data); err != nil {
			b.Fatal(err)
		}
	}
}
