package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkFree refuses a place where something is that could be lost. An empty directory is nothing.
func checkFree(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return mistake("choose another name, or move it away", "%s exists and is no directory", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return mistake("choose another name, or empty it yourself", "the directory %s exists and is not empty", dir)
	}
	return nil
}

// place makes a directory with these files. It is written beside its place and moved there in one step, so that there is never half
// of it; whatever is in the place by then wins.
func place(dir string, files []rendered) error {
	workshop, err := os.MkdirTemp(filepath.Dir(dir), ".sallyport-new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(workshop) }() // what is left of it has no other use
	made := filepath.Join(workshop, filepath.Base(dir))
	for _, file := range files {
		if err := create(filepath.Join(made, filepath.FromSlash(file.path)), file.text); err != nil {
			return err
		}
	}
	if err := checkFree(dir); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // only an empty directory can be removed so
		return fmt.Errorf("%s is in use: %w", dir, err)
	}
	return os.Rename(made, dir)
}

// create writes a file that must not exist, with its directories, as open to others as the umask says.
func create(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil { //nolint:gosec // the umask decides, as for every source file
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // likewise
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
