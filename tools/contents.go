package tools

import (
	"encoding/base64"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
)

// Contents is what reading a resource returns. [Text], [JSON] and [Blob] make one,
// [Several] joins them. The zero value holds nothing and is refused: a resource that
// does not exist is reported by [NotFoundf].
type Contents struct {
	items []content
}

// content is one item. Exactly one of text and blob is meant, by binary.
type content struct {
	uri, mimeType, usual string
	text                 string
	blob                 []byte
	binary               bool
	err                  error
}

// Text returns contents of one text.
func Text(text string) Contents {
	return Contents{items: []content{{text: text, usual: "text/plain"}}}
}

// JSON returns v encoded as JSON. A value that cannot be encoded makes the read fail
// as an internal error.
func JSON(v any) Contents {
	data, err := marshal(v)
	return Contents{items: []content{{text: string(data), usual: "application/json", err: err}}}
}

// Blob returns contents of arbitrary bytes. They must not be changed afterwards.
func Blob(data []byte) Contents {
	return Contents{items: []content{{blob: data, binary: true, usual: "application/octet-stream"}}}
}

// Several joins contents in their order, as for the files of a folder.
func Several(parts ...Contents) Contents {
	var all Contents
	for _, part := range parts {
		all.items = append(all.items, part.items...)
	}
	return all
}

// WithMIMEType returns a copy with the given MIME type, which then wins over that of
// the declaration.
func (c Contents) WithMIMEType(mimeType string) Contents {
	return c.each(func(item *content) { item.mimeType = mimeType })
}

// At returns a copy that says it belongs to the given URI instead of the requested.
func (c Contents) At(uri string) Contents {
	return c.each(func(item *content) { item.uri = uri })
}

func (c Contents) each(change func(*content)) Contents {
	items := append([]content(nil), c.items...)
	for i := range items {
		change(&items[i])
	}
	return Contents{items: items}
}

// wire returns the contents as MCP sends them, uri and mimeType being defaults.
func (c Contents) wire(uri, mimeType string) ([]mcp.ResourceContents, error) {
	if len(c.items) == 0 {
		return nil, errors.New("the handler returned no contents and no error")
	}
	out := make([]mcp.ResourceContents, 0, len(c.items))
	for _, item := range c.items {
		if item.err != nil {
			return nil, item.err
		}
		at, kind := first(item.uri, uri), first(item.mimeType, mimeType, item.usual)
		if item.binary {
			blob := base64.StdEncoding.EncodeToString(item.blob)
			out = append(out, mcp.BlobResourceContents{URI: at, MIMEType: kind, Blob: blob})
			continue
		}
		out = append(out, mcp.TextResourceContents{URI: at, MIMEType: kind, Text: item.text})
	}
	return out, nil
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
