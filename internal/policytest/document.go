package policytest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
)

// Parse reads one file of tests about the operations of a server. If anything is found, the cases are not to be run.
func Parse(review *server.Review, name string, data []byte) ([]Case, []authz.Finding) {
	r := &reader{file: name, review: review}
	documents, err := readDocuments(data)
	var cases []Case
	switch {
	case err != nil:
		r.fail(broken(data), "", "from here on the file is not YAML: "+complaint(err),
			"indent with spaces, and put text that holds one of : # { } [ ] , & * ! | > ' \" % @ ` into quotes")
	case len(documents) == 0:
		r.fail(&yaml.Node{Line: 1, Column: 1}, "", reasonNoTests, fixNoTests)
	case len(documents) > 1:
		r.fail(documents[1], "", "a second YAML document, which would go unread", "put all tests into one, without a line ---")
	default:
		cases = r.tests(documents[0].Content[0])
	}
	slices.SortStableFunc(r.found, func(a, b authz.Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return cases, r.found
}

// complaint returns what the parser says, without its line: see broken.
func complaint(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if _, rest, found := strings.Cut(text, ": "); found && strings.HasPrefix(text, "line ") {
		return rest
	}
	return text
}

// readDocuments returns the documents of a file; none if it holds comments only.
func readDocuments(data []byte) ([]*yaml.Node, error) {
	var list []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		document := &yaml.Node{}
		err := decoder.Decode(document)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, document)
	}
}

// longestText is how many lines of a list or a text that ends on a later line are looked behind of for its end.
const longestText = 20

// broken returns the place from where on data is not YAML: the first line behind the longest beginning that is. The parser
// itself names the line at which the block around it began, which may be the first of a long file.
func broken(data []byte) *yaml.Node {
	lines := bytes.SplitAfter(data, []byte("\n"))
	good, bad := 0, len(lines) // so many lines are YAML, and so many are not
	for good+1 < bad {
		middle := (good + bad) / 2
		last := min(middle+longestText, bad) - 1
		for last >= middle && !isYAML(lines[:last]) {
			last--
		}
		if last >= middle {
			good = last
		} else {
			bad = middle
		}
	}
	text := lines[good]
	indent := len(text) - len(bytes.TrimLeft(text, " \t"))
	return &yaml.Node{Line: good + 1, Column: indent + 1}
}

func isYAML(lines [][]byte) bool {
	_, err := readDocuments(bytes.Join(lines, nil))
	return err == nil
}
