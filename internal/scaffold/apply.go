package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// apply writes new files and changed ones, all or none: what fails halfway is taken back.
func apply(dir string, files []rendered, edits []edit) error {
	var undo []func() error
	back := func(err error) error {
		for _, step := range undo {
			err = errors.Join(err, step())
		}
		return err
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.path))
		if _, err := os.Lstat(path); err == nil {
			return back(Exists{What: "file", Where: f.path})
		}
		undo = append(undo, func() error { return removeIfThere(path) })
		if err := create(path, f.text); err != nil {
			return back(err)
		}
	}
	for _, e := range edits {
		path := filepath.Join(dir, filepath.FromSlash(e.path))
		if err := replace(path, e.before, e.after); err != nil {
			return back(err)
		}
		undo = append(undo, func() error { return replace(path, e.after, e.before) })
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// replace changes a file from one text to another in one step, and keeps its mode. Somebody else's edit in between is not overwritten.
func replace(path string, before, after []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	now, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, before) {
		return fmt.Errorf("%s was changed in the meantime; run the command again", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".sallyport-add-*")
	if err != nil {
		return err
	}
	_, err = draft.Write(after)
	err = errors.Join(err, draft.Chmod(info.Mode()), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(draft.Name()))
	}
	return nil
}
