package server

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// filePrefix marks an audit destination that is a file.
const filePrefix = "file:"

// nopCloser is a sink that outlives the server, such as standard error.
type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// openSink opens the destination of the audit: "stdout", "stderr" or
// "file:PATH". A file is appended to and created with mode 0600: records name
// people.
func openSink(destination string, stdout, stderr io.Writer) (io.WriteCloser, error) {
	switch {
	case destination == "stdout":
		return nopCloser{stdout}, nil
	case destination == "stderr":
		return nopCloser{stderr}, nil
	case strings.HasPrefix(destination, filePrefix) && len(destination) > len(filePrefix):
		path := strings.TrimPrefix(destination, filePrefix)
		return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	default:
		return nil, errors.New("it is none of stdout, stderr and file:PATH")
	}
}

// sinkMistake says why a destination cannot be opened, and what to write instead.
func sinkMistake(destination string, err error) (string, string) {
	at, isFile := errors.AsType[*fs.PathError](err)
	switch {
	case !isFile && strings.Contains(destination, "/"):
		return err.Error(), "write " + filePrefix + strings.TrimPrefix(destination, filePrefix)
	case !isFile:
		return err.Error(), "write one of them"
	case errors.Is(err, fs.ErrNotExist):
		return unopened(at), "make the folder " + filepath.Dir(at.Path)
	}
	return unopened(at), "name a file that this process may append to"
}

func unopened(at *fs.PathError) string { return "it cannot be opened: " + at.Err.Error() }
