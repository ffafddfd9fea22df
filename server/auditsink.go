package server

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/auditchain"
)

// filePrefix marks an audit destination that is a file.
const filePrefix = "file:"

// nopCloser is a sink that outlives the server, such as standard error.
type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// openSink opens the destination of the audit: "stdout", "stderr" or
// "file:PATH".
func openSink(destination string, stdout, stderr io.Writer, now func() time.Time) (io.WriteCloser, error) {
	switch {
	case destination == "stdout":
		return nopCloser{stdout}, nil
	case destination == "stderr":
		return nopCloser{stderr}, nil
	case strings.HasPrefix(destination, filePrefix) && len(destination) > len(filePrefix):
		return openAuditFile(strings.TrimPrefix(destination, filePrefix), now)
	default:
		return nil, errors.New("it is none of stdout, stderr and file:PATH")
	}
}

func (s *Server) openAudit(wrong *mistakes) {
	sink, err := openSink(s.cfg.Audit, s.cfg.Stdout, s.cfg.Stderr, s.cfg.Now)
	if err != nil {
		reason, fix := sinkMistake(s.cfg.Audit, err)
		wrong.add("audit", s.cfg.Audit, reason, fix)
		return
	}
	s.sink = sink
	s.audit = newAuditLog(sink, s.cfg.Logger)
	s.audit.now, s.audit.strict = s.cfg.Now, s.cfg.AuditFailure == AuditRefuse
	if s.cfg.AuditChain == On {
		s.audit.chain = newChain(auditchain.Place{}, s.cfg.Now())
	}
	file, ok := sink.(*fileSink)
	if !ok {
		return
	}
	s.audit.renew = file.renew
	if err := s.audit.resume(file); err != nil {
		wrong.add("audit", s.cfg.Audit, "its end cannot be read, from which the chain goes on: "+err.Error(),
			"let this process read the file, or switch audit_chain off")
	}
}

// resume goes on from the end of a file that is there already: a line that a crash
// has cut off is to be ended, and a chain continued.
func (a *auditLog) resume(file *fileSink) error {
	tail, whole, err := file.tail()
	if a.chain == nil {
		a.unended = len(tail) > 0 && tail[len(tail)-1] != '\n'
		return nil // who may only write does not need to know
	}
	if err != nil {
		return err
	}
	at, torn, found := auditchain.Resume(tail, whole)
	a.unended, a.torn = len(torn) > 0, torn
	if found {
		a.chain = newChain(at, a.now())
	} else if len(tail) > 0 {
		a.logger.Warn("the audit's file has lines without a chain, which audit verify will report; begin a new file", "file", file.path)
	}
	return nil
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
