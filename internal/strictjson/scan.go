package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// scanner walks one text once. What opens and closes a container is read as a
// token, everything else as a raw value, so that nothing is decoded needlessly.
type scanner struct {
	data    []byte
	dec     *jsontext.Decoder
	names   nameStack
	collect bool // remember the members of the top-level object
	members []member
	start   int // where the top-level member now read starts
}

func scan(data []byte, collect bool) ([]member, error) {
	s := &scanner{
		data: data,
		// Duplicates are found together with case twins, by nameStack.
		dec:     jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true)),
		names:   newNameStack(),
		collect: collect,
	}
	if collect && s.dec.PeekKind() != '{' {
		if err := Check(data); err != nil {
			return nil, err
		}
		return nil, s.fail("not an object")
	}
	for {
		if err := s.step(); err != nil {
			return nil, err
		}
		if s.dec.StackDepth() == 0 {
			return s.members, s.end()
		}
	}
}

// step reads one token.
func (s *scanner) step() error {
	switch s.dec.PeekKind() {
	case '{', '[':
		if s.dec.StackDepth() == MaxDepth {
			return s.fail("nested too deeply")
		}
		s.names.open()
		_, err := s.dec.ReadToken()
		return s.syntax(err)
	case '}', ']':
		if _, err := s.dec.ReadToken(); err != nil {
			return s.syntax(err)
		}
		s.names.close()
		s.valueEnds()
		return nil
	default:
		return s.leaf()
	}
}

// leaf reads a name or a value that holds no other.
func (s *scanner) leaf() error {
	kind, n := s.dec.StackIndex(s.dec.StackDepth())
	raw, err := s.dec.ReadValue()
	if err != nil {
		return s.syntax(err)
	}
	if kind == '{' && n%2 == 0 {
		return s.name(raw)
	}
	s.valueEnds()
	return nil
}

func (s *scanner) name(raw []byte) error {
	name := raw[1 : len(raw)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		unquoted, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			return s.syntax(err)
		}
		name = unquoted
	}
	if !s.names.add(name) {
		return s.fail("a name that occurs twice, or differs from another only in case,")
	}
	if s.collect && s.dec.StackDepth() == 1 {
		s.members = append(s.members, member{name: string(name)})
		s.start = int(s.dec.InputOffset())
	}
	return nil
}

// valueEnds notes the value of a top-level member once it has been read.
func (s *scanner) valueEnds() {
	if !s.collect || s.dec.StackDepth() != 1 {
		return
	}
	end := int(s.dec.InputOffset())
	// Between the name and its value are only a colon and white space.
	value := bytes.TrimLeft(s.data[s.start:end], ": \t\r\n")
	s.members[len(s.members)-1].value = json.RawMessage(value[:len(value):len(value)])
}

// end requires that nothing follows the value.
func (s *scanner) end() error {
	_, err := s.dec.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return s.fail("more than one value")
	default:
		return s.syntax(err)
	}
}

func (s *scanner) fail(reason string) error {
	return &Error{Offset: s.dec.InputOffset(), Reason: reason}
}

// syntax replaces the decoder's error, whose text quotes what it read.
func (s *scanner) syntax(err error) error {
	if err == nil {
		return nil
	}
	offset := s.dec.InputOffset()
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		offset = syntactic.ByteOffset
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Offset: int64(len(s.data)), Reason: "ends too early"}
	case bytes.HasPrefix(s.data, []byte("\xef\xbb\xbf")):
		return &Error{Reason: "byte order mark"}
	case !utf8.Valid(s.data):
		return &Error{Offset: offset, Reason: "invalid UTF-8 or syntax"}
	default:
		return &Error{Offset: offset, Reason: "invalid syntax"}
	}
}
