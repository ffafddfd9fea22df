package main

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// block is one stretch of statements of a coverage profile, FILE:LINE.COLUMN,LINE.COLUMN.
type block struct {
	place      string
	statements int
	reached    bool
}

// coverage is what the tests of one package reach of it.
type coverage struct {
	statements, reached int
	missed              []string // places of the blocks that no test reaches
}

func (c coverage) percent() float64 {
	if c.statements == 0 {
		return 100
	}
	return 100 * float64(c.reached) / float64(c.statements)
}

// readProfile adds a profile of `go test -coverprofile` up by package.
func readProfile(r io.Reader) (map[string]coverage, error) {
	packages := map[string]coverage{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "mode: ") {
			continue
		}
		b, err := readBlock(line)
		if err != nil {
			return nil, err
		}
		file, _, _ := strings.Cut(b.place, ":")
		packages[path.Dir(file)] = packages[path.Dir(file)].with(b)
	}
	return packages, lines.Err()
}

func readBlock(line string) (block, error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return block{}, fmt.Errorf("line %q of the coverage profile does not have three fields", line)
	}
	statements, err := strconv.Atoi(fields[1])
	if err != nil {
		return block{}, fmt.Errorf("line %q of the coverage profile: statements: %w", line, err)
	}
	count, err := strconv.ParseUint(fields[2], 10, 64)
	if err != nil {
		return block{}, fmt.Errorf("line %q of the coverage profile: count: %w", line, err)
	}
	return block{place: fields[0], statements: statements, reached: count > 0}, nil
}

func (c coverage) with(b block) coverage {
	c.statements += b.statements
	if b.reached {
		c.reached += b.statements
		return c
	}
	if b.statements > 0 {
		c.missed = append(c.missed, b.place)
	}
	return c
}
