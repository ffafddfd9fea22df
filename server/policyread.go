package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/sallyport-mcp/sallyport/authz"
)

const (
	// maxPolicyFile is how large a model or a policy may be, in bytes: some
	// million rows. It bounds what reading one can cost.
	maxPolicyFile = 64 << 20
	// readSpace is how much of a file is read, and compared, at a time. It fits
	// in the caches of a processor.
	readSpace = 128 << 10
	// readAttempts is how often files are read that change while they are read,
	// where nobody comes back for another look.
	readAttempts = 10
)

// policyReader reads model and policy over and over. It is for one goroutine.
type policyReader struct {
	files policyFiles
	// open opens a file without waiting for anything.
	open func(path string) (fs.File, error)
	// needModel says that the model may not be missing, although nobody
	// configured one.
	needModel bool

	space []byte // for what is read
}

func newPolicyReader(files policyFiles) *policyReader {
	return &policyReader{files: files, open: openFile, space: make([]byte, readSpace)}
}

// read returns what the files hold, and whether they held it at one moment: the
// model is read before and after the policy, so that a pair that is exchanged
// in between is not taken for one that somebody wrote. What is as it was in last
// is not copied, so that files at rest cost no memory.
func (r *policyReader) read(last content) (content, bool) {
	model, noModel := r.model(last.model.Data)
	policy, noPolicy := r.policy(last.policy.Data)
	again, noModelNow := r.model(model.Data)
	c := content{model: model, policy: policy, unread: slices.Concat(noModel, noPolicy)}
	return c, sameSource(model, again) && slices.Equal(noModel, noModelNow)
}

// once reads the files as they are at one moment. If there is none, that is what
// is wrong with them.
func (r *policyReader) once() content {
	for range readAttempts {
		if c, whole := r.read(content{}); whole {
			return c
		}
	}
	path, _ := r.files.paths()
	return content{unread: unread(path, errors.New("it changes all the time"), "try again when nobody writes to it")}
}

// model reads the model. One that nobody configured may be missing, which is
// the textbook model. But once a model was in force its file is missed: whoever
// deletes it has not said that another one should decide.
func (r *policyReader) model(last []byte) (authz.Source, []authz.Finding) {
	path, _ := r.files.paths()
	data, err := r.readFile(path, last)
	switch {
	case err == nil:
		return authz.Source{Name: path, Data: data}, nil
	case r.files.model != "" || !errors.Is(err, fs.ErrNotExist):
		return authz.Source{}, unread(path, err, "")
	case r.needModel:
		return authz.Source{}, unread(path, err, "put it back, or restart to go by the textbook model")
	}
	return authz.Source{}, nil
}

func (r *policyReader) policy(last []byte) (authz.Source, []authz.Finding) {
	_, path := r.files.paths()
	data, err := r.readFile(path, last)
	if err != nil {
		return authz.Source{}, unread(path, err, "")
	}
	return authz.Source{Name: path, Data: data}, nil
}

// reasonUnread begins the reason of a finding about a file that cannot be read.
const reasonUnread = "the file cannot be read: "

// unread is the finding about a file that cannot be read.
func unread(path string, why error, fix string) []authz.Finding {
	if at, ok := errors.AsType[*fs.PathError](why); ok {
		why = at.Err // the finding names the path already
	}
	switch {
	case fix != "":
	case errors.Is(why, fs.ErrNotExist):
		fix = "create it, or name the one that you have"
	case errors.Is(why, fs.ErrPermission):
		fix = "let this process read it"
	default:
		fix = "name a file that can be read to its end"
	}
	return []authz.Finding{{File: path, Reason: reasonUnread + why.Error(), Fix: fix}}
}

// openFile opens a file for reading. What is no file is refused before it is
// opened, for whoever is at the other end of a pipe or a device would notice.
func openFile(path string) (fs.File, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = checkFile(info)
	}
	if err != nil {
		return nil, err
	}
	return openNow(path)
}

// openNow opens a file so that a pipe which took its place by now keeps nobody
// waiting.
func openNow(path string) (fs.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// checkFile refuses what cannot be read to its end, or costs too much to.
func checkFile(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return errors.New("it is a directory")
	case mode&fs.ModeNamedPipe != 0:
		return errors.New("it is a pipe")
	case mode&fs.ModeDevice != 0:
		return errors.New("it is a device")
	case !mode.IsRegular():
		return errors.New("it is no regular file")
	case info.Size() > maxPolicyFile:
		return errTooLarge()
	}
	return nil
}

func errTooLarge() error { return fmt.Errorf("it is larger than %d MiB", maxPolicyFile>>20) }

// readFile returns what a file holds: last itself, if that is it.
func (r *policyReader) readFile(path string, last []byte) ([]byte, error) {
	file, err := r.open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err == nil {
		err = checkFile(info)
	}
	if err != nil {
		return nil, err
	}
	seen := 0 // bytes that are as they were
	for {
		n, err := file.Read(r.space)
		if now := r.space[:n]; !bytes.HasPrefix(last[seen:], now) {
			return readRest(file, info.Size(), last[:seen], now)
		}
		seen += n
		switch {
		case errors.Is(err, io.EOF):
			return last[:seen:seen], nil
		case err != nil:
			return nil, err
		}
	}
}

// readRest reads what is left of a file that has changed behind its start. Its
// size is what it was said to be, which a file that grows does not keep to.
func readRest(file io.Reader, size int64, start, now []byte) ([]byte, error) {
	data := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	data.Write(start)
	data.Write(now)
	_, err := data.ReadFrom(io.LimitReader(file, int64(maxPolicyFile+1-data.Len())))
	switch {
	case err != nil:
		return nil, err
	case data.Len() > maxPolicyFile:
		return nil, errTooLarge()
	}
	return data.Bytes(), nil
}
