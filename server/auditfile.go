package server

import (
	"errors"
	"io"
	"os"
	"time"
)

const (
	// tailSize is how much of the end of a file is read to go on from there. A
	// line is much shorter.
	tailSize = 256 << 10
	// renewGrace is how long records go on into a file that was renamed while
	// there is none to be had at its path.
	renewGrace = time.Second
)

// fileSink appends to the file at a path. If the file is renamed or removed, it
// goes on with a new one there.
type fileSink struct {
	path string
	now  func() time.Time
	file *os.File
	info os.FileInfo
	size int64     // of the file, as far as is known
	gone time.Time // since when there is none at the path; zero if there is one
}

func openAuditFile(path string, now func() time.Time) (*fileSink, error) {
	s := &fileSink{path: path, now: now}
	return s, s.open()
}

// open opens the file at the path. A file is created with mode 0600: records name
// people.
func (s *fileSink) open() error {
	file, err := os.OpenFile(s.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if s.file != nil {
		_ = s.file.Close() // every write to it has been accounted for
	}
	s.file, s.info, s.size, s.gone = file, info, info.Size(), time.Time{}
	return nil
}

// Write implements [io.Writer].
func (s *fileSink) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.size += int64(n)
	return n, err
}

// Close implements [io.Closer].
func (s *fileSink) Close() error { return s.file.Close() }

// renew sees to it that the file is the one at the path, and reports whether it is
// another one than before, or was emptied. The error means that there is none and
// that records would go where nobody looks for them.
func (s *fileSink) renew() (bool, error) {
	at, err := os.Stat(s.path)
	if err == nil && os.SameFile(at, s.info) {
		emptied := at.Mode().IsRegular() && at.Size() < s.size
		s.size, s.gone = at.Size(), time.Time{}
		return emptied, nil
	}
	err = s.open()
	if err == nil {
		return true, nil
	}
	if s.gone.IsZero() {
		s.gone = s.now()
	}
	if s.now().Sub(s.gone) < renewGrace {
		return false, nil // somebody may be about to create it
	}
	return false, err
}

// tail returns the end of the file, and whether that is all of it.
func (s *fileSink) tail() ([]byte, bool, error) {
	if !s.info.Mode().IsRegular() || s.size == 0 {
		return nil, true, nil
	}
	file, err := os.Open(s.path)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }() // it was only read
	start := max(0, s.size-tailSize)
	text, err := io.ReadAll(io.NewSectionReader(file, start, s.size-start))
	return text, start == 0, err
}
