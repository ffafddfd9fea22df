// Package policytest reads files of tests for a policy and runs them: cases of who asks for what, with the expected decision
// and its reason (docs/policy.md). The command `policy test` and servertest.TestPolicy are thin around it.
//
// A file is read strictly. Whatever would go unread, or could be read as something else than was meant, is a mistake with
// its place and its repair, and all mistakes of all files are found at once.
package policytest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
)

// Case is one test: a caller, an operation, and the decision that is expected.
type Case struct {
	// Name is the test's own, or is made of the caller and the operation.
	Name string
	// File and Line are where it stands.
	File string
	Line int
	// Who asks for Operation with Values for its placeholders.
	Who       authz.Principal
	Operation authz.Operation
	Values    authz.Values
	// Allow is the expected decision and Reason its reason; an empty Reason, which only an allow has, is any.
	Allow  bool
	Reason authz.Reason
}

// Error holds everything that is wrong with files of tests.
type Error struct {
	// Findings are the mistakes, file by file, each file in its order. There is at least one.
	Findings []authz.Finding
}

// Error returns the mistakes, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Path returns the file that the tests of a policy are in unless another is named: beside it, with _test.yaml in place of its
// extension.
func Path(policy string) string {
	return strings.TrimSuffix(policy, filepath.Ext(policy)) + "_test.yaml"
}

// Read reads files of tests about the operations of a server. The error is an [*Error].
func Read(review *server.Review, paths ...string) ([]Case, error) {
	var cases []Case
	var found []authz.Finding
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			found = append(found, unreadable(path, err))
			continue
		}
		read, wrong := Parse(review, path, data)
		cases, found = append(cases, read...), append(found, wrong...)
	}
	if len(found) > 0 {
		return nil, &Error{found}
	}
	return cases, nil
}

func unreadable(path string, err error) authz.Finding {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err // the finding names the path already
	}
	return authz.Finding{
		File: path, Reason: "the file of tests cannot be read: " + err.Error(), Fix: "create it, or name the file that there is",
	}
}
