package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	// maxAnswer bounds one message of a server, and maxStream all of one stream.
	maxAnswer = 16 << 20
	maxStream = 256 << 20
)

// events reads a stream of server-sent events (HTML, "Server-sent events", "Interpreting an event stream").
type events struct {
	lines *bufio.Reader
	left  int64
}

func newEvents(r io.Reader) *events { return &events{bufio.NewReader(r), maxStream} }

// next returns the data of the next event that has some. The end of the stream is an error: the answer has not come.
func (e *events) next() ([]byte, error) {
	var data []byte
	for {
		line, err := e.line(maxAnswer - len(data))
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if data = bytes.TrimSuffix(data, []byte("\n")); len(data) > 0 {
				return data, nil
			}
			data = nil
			continue
		}
		if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(append(data, bytes.TrimPrefix(value, []byte(" "))...), '\n')
		}
	}
}

// line reads one line without its end.
func (e *events) line(limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := e.lines.ReadSlice('\n')
		line = append(line, part...)
		e.left -= int64(len(part))
		switch {
		case len(line) > limit || e.left < 0:
			return nil, fmt.Errorf("a message of the stream is larger than %d MB, or all of them are larger than %d MB", maxAnswer>>20, maxStream>>20)
		case err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("the stream broke off before the answer: %w", cause(err))
		}
	}
}
