package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

const (
	tokensFile = "tokens.json"
	lockFile   = "lock"
	maxTokens  = 4 << 20
	// othersMayRead and othersMayWrite are permissions of anybody but the owner.
	othersMayRead  = 0o077
	othersMayWrite = 0o022
)

// entry is what is kept about one login.
type entry struct {
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	// Registered tells that the client registered itself, with this redirect URI.
	Registered bool      `json:"registered,omitempty"`
	Redirect   string    `json:"redirect_uri,omitempty"`
	Resource   string    `json:"resource"` // as the server spells it
	Token      string    `json:"token_endpoint"`
	Revocation string    `json:"revocation_endpoint,omitempty"`
	Access     string    `json:"access_token"`
	Refresh    string    `json:"refresh_token,omitempty"`
	Expires    time.Time `json:"expires_at,omitzero"`
	Scopes     []string  `json:"scopes"`
}

// String names the login and none of its secrets.
func (e entry) String() string { return "a login at " + clean(e.Issuer) }

// GoString is String.
func (e entry) GoString() string { return e.String() }

// entries are all logins, by canonical resource.
type entries map[string]entry

// contents are those of the file.
type contents struct {
	Version int     `json:"version"`
	Logins  entries `json:"logins"`
}

// Home returns the directory of the file with the tokens: that of SALLYPORT_HOME, or else a place of its own among the user's
// configuration.
func Home() (string, error) {
	if home := os.Getenv("SALLYPORT_HOME"); home != "" {
		return home, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", Mistake{fmt.Errorf("no place for tokens: %w; set SALLYPORT_HOME to a directory", err)}
	}
	return filepath.Join(dir, "sallyport"), nil
}

// store is the file with the tokens, which only its owner may read. It is replaced whole, so that a reader sees one state of it,
// and changed under a lock, so that of two processes that refresh at once the second finds what the first one got.
type store struct{ dir string }

func (s store) path() string { return filepath.Join(s.dir, tokensFile) }

// read returns all logins.
func (s store) read() (entries, error) {
	file, err := os.Open(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return entries{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	if err := private(s.dir, file); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxTokens+1))
	if err != nil {
		return nil, err
	}
	var all contents
	if err := strictjson.Unmarshal(text, &all); err != nil || all.Version != 1 || len(text) > maxTokens {
		return nil, fmt.Errorf("%s is not a file of tokens that this version can read; remove it and log in again", s.path())
	}
	if all.Logins == nil {
		all.Logins = entries{}
	}
	return all.Logins, nil
}

// private refuses a file that others may read, or whose directory others may change.
func private(dir string, file *os.File) error {
	if runtime.GOOS == "windows" {
		return nil // there are no such permissions; the directory is the user's own
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", file.Name())
	}
	if mode := info.Mode().Perm(); mode&othersMayRead != 0 {
		return fmt.Errorf("%s holds tokens, and others may read it (mode %04o): if anybody could have, log in again; then run: chmod 600 %s",
			file.Name(), mode, Quoted(file.Name()))
	}
	return privateFolder(dir)
}

// privateFolder refuses a directory that others may change.
func privateFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if mode := folder.Mode().Perm(); mode&othersMayWrite != 0 {
		return fmt.Errorf("%s is where tokens are, and others may write there (mode %04o); run: chmod 700 %s", dir, mode, Quoted(dir))
	}
	return nil
}

// update changes the logins under the lock. If change fails, nothing is written.
func (s store) update(change func(entries) error) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if err := privateFolder(s.dir); err != nil {
		return err // also if there are no tokens yet, which read would look at
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(s.dir, lockFile)).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	all, err := s.read()
	if err != nil {
		return err
	}
	if err := change(all); err != nil {
		return err
	}
	return s.write(all)
}

// write replaces the file.
func (s store) write(all entries) error {
	text, err := json.MarshalIndent(contents{1, all}, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(s.dir, tokensFile+".*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), s.path())
	}
	if err != nil {
		_ = os.Remove(file.Name()) // the other error says what went wrong
	}
	return err
}
