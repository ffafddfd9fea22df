package transport_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

func TestH14_ContentType(t *testing.T) {
	h := start(t)
	var list []defect
	for name, types := range map[string][]string{
		"none": nil, "empty": {""}, "text": {"text/plain"}, "multipart": {"multipart/form-data; boundary=x"},
		"form": {"application/x-www-form-urlencoded"}, "utf-16": {"application/json; charset=utf-16"},
		"latin": {"application/json; charset=iso-8859-1"}, "two": {"application/json", "application/json"},
		"comma": {"application/json, text/plain"}, "json suffix": {"application/problem+json"}, "parameters": {"application/json; =x"},
		"two kinds": {"application/json", "text/plain"}, "two kinds turned": {"text/plain", "application/json"}, "ld+json": {"application/ld+json"},
		"json-rpc": {"application/json-rpc"}, "text/json": {"text/json"}, "x-json": {"application/x-json"}, "jsonp": {"application/javascript"},
		"ndjson": {"application/x-ndjson"}, "event stream": {"text/event-stream"}, "octets": {"application/octet-stream"}, "wildcard": {"*/*"},
		"any application": {"application/*"}, "utf-7": {"application/json; charset=utf-7"}, "utf-32": {"application/json; charset=utf-32"},
		"utf8 without dash": {"application/json; charset=utf8"}, "two charsets": {"application/json; charset=utf-8; charset=utf-16"},
		"case twins":        {"application/json; charset=utf-8; Charset=utf-16"},
		"charset, extended": {"application/json; charset*=utf-8''utf-16"}, "charset in parts": {"application/json; charset*0=utf; charset*1=-16"},
		"empty charset": {"application/json; charset="}, "quoted utf-16": {`application/json; charset="utf-16"`}, "open quote": {`application/json; charset="utf-8`},
		"text in front": {"x application/json"}, "text behind": {"application/json x"}, "no slash": {"json"}, "two slashes": {"application//json"},
		"space inside": {"application/ json"}, "comma, JSON twice": {"application/json,application/json"}, "semicolons": {"application/json;;charset=utf-8"},
	} {
		list = append(list, defect{name, set("Content-Type", types...), 415, -32600})
	}
	list = append(list,
		defect{"Accept html", set("Accept", "text/html"), 406, -32600},
		defect{"Accept events only", set("Accept", "text/event-stream"), 406, -32600},
		defect{"Accept refuses JSON", set("Accept", "application/json;q=0, text/event-stream"), 406, -32600},
		defect{"Accept nothing", set("Accept", ""), 406, -32600},
		defect{"Accept refuses all", set("Accept", "*/*;q=0"), 406, -32600},
		defect{"Accept refuses, in digits", set("Accept", "application/json;q=0.000"), 406, -32600},
		defect{"Accept a suffix", set("Accept", "application/ld+json"), 406, -32600},
		defect{"Accept rubbish", set("Accept", ";;,,"), 406, -32600},
	)
	for _, coding := range [][]string{
		{"gzip"}, {"x-gzip"}, {"deflate"}, {"br"}, {"zstd"}, {"compress"}, {"identity"}, {""}, {"gzip, gzip"}, {"gzip", "br"}, {"identity", "gzip"}, {"aes128gcm"},
	} {
		list = append(list, defect{"Content-Encoding " + strings.Join(coding, "|"), set("Content-Encoding", coding...), 415, -32600})
	}
	h.defects(t, callBody("allowed"), list)
	for _, contentType := range []string{
		"application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON",
		`application/json; charset="utf-8"`, "application/json;CHARSET=Utf-8", "application/json ; charset=utf-8", "application/json;", "application/json; profile=x",
		"application/json; charset=utf-8; charset=utf-8",
	} {
		r := h.request(callBody("allowed"))
		set("Content-Type", contentType)(r)
		h.accepted(t, r)
	}
	for _, accept := range [][]string{
		nil, {"*/*"}, {"application/*"}, {"text/html", "application/json;q=0.1"}, {"application/json"},
		{"application/json, text/event-stream"}, {"text/event-stream", "application/json"}, {"Application/JSON"}, {"application/json;q=1.0"}, {"text/html, */*;q=0.1"},
		{"application/json;q=0.001"}, {"application/json; charset=utf-8"},
	} {
		r := h.request(callBody("allowed"))
		set("Accept", accept...)(r)
		h.accepted(t, r)
	}
}

// TestH14_ZipBomb: a body that would be 64 MB when unpacked, and one that would be a
// good message, are refused without being unpacked or read.
func TestH14_ZipBomb(t *testing.T) {
	h := start(t)
	bomb := func(text io.Reader) []byte {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := io.Copy(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return packed.Bytes()
	}
	for _, packed := range [][]byte{
		bomb(io.LimitReader(endless{}, 64<<20)), bomb(strings.NewReader(callBody("allowed"))),
	} {
		r := h.request(callBody("allowed"))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(packed)), int64(len(packed))
		set("Content-Encoding", "gzip")(r)
		h.refused(t, r, 415, -32600)
		// Nor is it unpacked if nobody says that it is packed.
		r = h.request(callBody("allowed"))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(packed)), int64(len(packed))
		h.refused(t, r, 400, -32700)
	}
	r := h.request(callBody("allowed"))
	set("Accept-Encoding", "gzip, br, zstd")(r)
	if a := h.accepted(t, r); a.header.Get("Content-Encoding") != "" {
		t.Errorf("an answer that is packed: %v", a.header)
	}
}
