package cli

import (
	"strings"
	"unicode/utf8"
)

const (
	// screen is how many characters wide what is drawn may be, if it can be.
	screen = 80
	// headingWidth is what a heading is broken to where it can be broken.
	headingWidth = 10
	// gap is what stands between two columns.
	gap = 2
)

// grid is a table of short texts with a name for each row and each column.
type grid struct {
	corner     [2]string // what the rows are, and the columns
	rows, cols []string
	cell       func(row, col int) string
}

// lines draws the grid within the screen, as long as a single column fits. If not all columns do, headings are broken, then
// rows and columns may change places, and then the columns are shown in blocks, each with the names of the rows.
func (g grid) lines() []string {
	for _, heading := range []int{screen, headingWidth} {
		if columns := g.columns(heading); len(g.blocks(columns)) == 1 {
			return g.draw(columns)
		}
	}
	turned := grid{[2]string{g.corner[1], g.corner[0]}, g.cols, g.rows, func(row, col int) string { return g.cell(col, row) }}
	columns, other := g.columns(headingWidth), turned.columns(headingWidth)
	if len(turned.blocks(other)) < len(g.blocks(columns)) {
		return turned.draw(other)
	}
	return g.draw(columns)
}

// column is one column, ready to be drawn.
type column struct {
	heading []string
	number  int
	width   int
}

func (g grid) columns(heading int) []column {
	list := make([]column, len(g.cols))
	for i, name := range g.cols {
		c := column{heading: broken(name, heading), number: i}
		for _, text := range c.heading {
			c.width = max(c.width, utf8.RuneCountInString(text))
		}
		for row := range g.rows {
			c.width = max(c.width, utf8.RuneCountInString(g.cell(row, i)))
		}
		list[i] = c
	}
	return list
}

// blocks cuts the columns into as few pieces as fit the screen, in their order.
func (g grid) blocks(columns []column) [][]column {
	var list [][]column
	used, names := 0, g.nameWidth()
	for _, c := range columns {
		if len(list) == 0 || used+gap+c.width > screen {
			list, used = append(list, nil), names
		}
		list[len(list)-1] = append(list[len(list)-1], c)
		used += gap + c.width
	}
	return list
}

func (g grid) nameWidth() int {
	width := utf8.RuneCountInString(g.corner[0])
	for _, name := range g.rows {
		width = max(width, utf8.RuneCountInString(name))
	}
	return width
}

func (g grid) draw(columns []column) []string {
	var lines []string
	names := g.nameWidth()
	for i, block := range g.blocks(columns) {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, g.headings(names, block)...)
		for row, name := range g.rows {
			lines = append(lines, line(padded(name, names), block, func(c column) string { return g.cell(row, c.number) }))
		}
	}
	return lines
}

// headings draws the names of the columns, each ending in the last line.
func (g grid) headings(names int, block []column) []string {
	height := 1
	for _, c := range block {
		height = max(height, len(c.heading))
	}
	lines := make([]string, height)
	for i := range lines {
		corner := ""
		if i == height-1 {
			corner = g.corner[0]
		}
		lines[i] = line(padded(corner, names), block, func(c column) string {
			if at := i - height + len(c.heading); at >= 0 {
				return c.heading[at]
			}
			return ""
		})
	}
	return lines
}

func line(name string, block []column, text func(column) string) string {
	for _, c := range block {
		name += strings.Repeat(" ", gap) + padded(text(c), c.width)
	}
	return strings.TrimRight(name, " ")
}

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// broken breaks a name behind its separators into lines of that width, or longer ones where it has none.
func broken(name string, width int) []string {
	lines := []string{""}
	for _, piece := range strings.FieldsFunc(separated(name), func(r rune) bool { return r == '\n' }) {
		last := &lines[len(lines)-1]
		if *last != "" && utf8.RuneCountInString(strings.TrimRight(*last+piece, " ")) > width {
			*last = strings.TrimRight(*last, " ")
			lines = append(lines, piece)
		} else {
			*last += piece
		}
	}
	return lines
}

// separated puts a line end behind each separator.
func separated(name string) string {
	return strings.NewReplacer("-", "-\n", "_", "_\n", "/", "/\n", ".", ".\n", ":", ":\n", " ", " \n").Replace(name)
}
