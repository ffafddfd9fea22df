package strictjson

import "bytes"

// manyNames is the number of names from which on an object gets a map: below
// it, comparing is faster; above it, comparing would be quadratic.
const manyNames = 16

// nameStack holds the folded names of all objects that are open.
type nameStack struct {
	levels []nameLevel
	bytes  []byte // folded names of all open objects, one after the other
	ends   []int  // where each of them ends in bytes
}

// nameLevel is one open container. Arrays have one too and never add to it.
type nameLevel struct {
	bytes, ends int // lengths of nameStack.bytes and .ends when it was opened
	many        map[string]struct{}
}

// newNameStack has room for what a usual token or message needs.
func newNameStack() nameStack {
	return nameStack{
		levels: make([]nameLevel, 0, 8),
		bytes:  make([]byte, 0, 256),
		ends:   make([]int, 0, 24),
	}
}

func (s *nameStack) open() {
	s.levels = append(s.levels, nameLevel{bytes: len(s.bytes), ends: len(s.ends)})
}

func (s *nameStack) close() {
	last := s.levels[len(s.levels)-1]
	s.levels = s.levels[:len(s.levels)-1]
	s.bytes, s.ends = s.bytes[:last.bytes], s.ends[:last.ends]
}

// add reports whether the innermost object had no name equal to name under Fold.
func (s *nameStack) add(name []byte) bool {
	level := &s.levels[len(s.levels)-1]
	start := len(s.bytes)
	s.bytes = appendFold(s.bytes, name)
	folded := s.bytes[start:]
	if level.many == nil && len(s.ends)-level.ends >= manyNames {
		level.many = make(map[string]struct{}, 4*manyNames)
		s.each(level, func(other []byte) bool {
			level.many[string(other)] = struct{}{}
			return true
		})
	}
	if level.many != nil {
		_, seen := level.many[string(folded)]
		level.many[string(folded)] = struct{}{}
		s.bytes = s.bytes[:start]
		return !seen
	}
	fresh := s.each(level, func(other []byte) bool { return !bytes.Equal(other, folded) })
	s.ends = append(s.ends, len(s.bytes))
	return fresh
}

// each calls f with the names in level until it returns false, and reports
// whether it never did.
func (s *nameStack) each(level *nameLevel, f func([]byte) bool) bool {
	from := level.bytes
	for _, end := range s.ends[level.ends:] {
		if !f(s.bytes[from:end]) {
			return false
		}
		from = end
	}
	return true
}
