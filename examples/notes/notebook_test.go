package main

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNotebookKeepsNotesInTheOrderOfTheirIDs(t *testing.T) {
	book := newNotebook("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
	book.create("eleven")

	if !book.remove("3") {
		t.Fatal("note 3 was there and could not be removed")
	}
	if book.remove("3") {
		t.Error("note 3 was removed twice")
	}
	if again := book.create("twelve"); again.ID != "12" {
		t.Errorf("the next note has id %s, want 12: ids are never used twice", again.ID)
	}

	want := []note{{"2", "two"}, {"10", "ten"}, {"12", "twelve"}}
	var got []note
	for _, n := range book.search("t") {
		if n.Text[0] == 't' {
			got = append(got, n)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("search (-want +got):\n%s", diff)
	}
	if found := book.search("no such text"); found == nil || len(found) != 0 {
		t.Errorf("a search without results gave %#v, want an empty list and not nil", found)
	}
}

func TestNotebookIsSafeForConcurrentUse(t *testing.T) {
	book := newNotebook()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				n := book.create("x")
				if _, ok := book.read(n.ID); !ok {
					t.Errorf("note %s vanished", n.ID)
				}
				book.search("x")
				book.remove(n.ID)
			}
		})
	}
	group.Wait()
	if left := book.search(""); len(left) != 0 {
		t.Errorf("%d notes are left, want none", len(left))
	}
}
