package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// fixtures are the shapes of real tokens, which transport/token tests its profiles with.
type fixtures struct {
	dir    string
	update bool
}

// compare looks whether a token still looks as the file says, or writes the file.
func (f fixtures) compare(name string, token jwt) error {
	path := filepath.Join(f.dir, name+".json")
	seen, err := json.MarshalIndent(token, "", "  ")
	if err != nil {
		return err
	}
	seen = append(seen, '\n')
	had, err := os.ReadFile(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case bytes.Equal(seen, had):
		return nil
	case f.update:
		return errors.Join(os.MkdirAll(f.dir, 0o755), os.WriteFile(path, seen, 0o644))
	}
	return fmt.Errorf("the token looks otherwise than %s says (./e2e/issuers/run -update):\n%s", path, seen)
}
