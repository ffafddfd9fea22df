package authz

import (
	"slices"
	"strings"
)

// patterns are the objects or the actions of rules: exact texts, and prefixes with a star behind. Each has a number, so that
// finding all that match a text takes one look for each length of prefix there is, however many patterns there are.
type patterns struct {
	exact, prefix map[string]uint32
	lengths       []int // of the prefixes, each once, ascending
	count         uint32
}

func newPatterns() *patterns {
	return &patterns{exact: map[string]uint32{}, prefix: map[string]uint32{}}
}

// number returns the number of a pattern as a row has it, a new one if it has none.
func (p *patterns) number(pattern string) uint32 {
	text, star := strings.CutSuffix(pattern, "*")
	table := p.exact
	if star {
		table = p.prefix
	}
	id, known := table[text]
	if !known {
		id = p.count
		p.count++
		table[text] = id
		if i, there := slices.BinarySearch(p.lengths, len(text)); star && !there {
			p.lengths = slices.Insert(p.lengths, i, len(text))
		}
	}
	return id
}

// matching appends the numbers of all patterns that match the text. A star in the text is a character like any other.
func (p *patterns) matching(list []uint32, text []byte) []uint32 {
	if id, ok := p.exact[string(text)]; ok {
		list = append(list, id)
	}
	for _, n := range p.lengths {
		if n > len(text) {
			break
		}
		if id, ok := p.prefix[string(text[:n])]; ok {
			list = append(list, id)
		}
	}
	return list
}
