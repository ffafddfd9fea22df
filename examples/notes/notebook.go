package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// note is one note of the shared notebook.
type note struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// notebook is the notebook that all callers share. It knows nothing of who
// may do what: that is declared in main.go and decided by policy.csv. It is
// safe for concurrent use.
type notebook struct {
	mu    sync.RWMutex
	last  int
	notes map[string]note
}

// newNotebook returns a notebook with one note for each text.
func newNotebook(texts ...string) *notebook {
	book := &notebook{notes: map[string]note{}}
	for _, text := range texts {
		book.create(text)
	}
	return book
}

// create adds a note. Ids are never used twice.
func (b *notebook) create(text string) note {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	n := note{ID: strconv.Itoa(b.last), Text: text}
	b.notes[n.ID] = n
	return n
}

// read returns one note and whether there is one.
func (b *notebook) read(id string) (note, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n, ok := b.notes[id]
	return n, ok
}

// remove deletes a note for good and tells whether there was one.
func (b *notebook) remove(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.notes[id]
	delete(b.notes, id)
	return ok
}

// search returns the notes whose text contains query, oldest first. The empty
// query finds all.
func (b *notebook) search(query string) []note {
	b.mu.RLock()
	defer b.mu.RUnlock()
	found := []note{}
	for _, n := range b.notes {
		if strings.Contains(n.Text, query) {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, older)
	return found
}

// older orders notes by id: a shorter number is a smaller one.
func older(a, b note) int {
	return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
}
