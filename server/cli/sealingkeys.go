package cli

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/sallyport-mcp/sallyport/server"
)

const (
	// sealingKeySize is the length of a sealing key in bytes.
	sealingKeySize = 32
	// maxKeyFile bounds what is read of a file that may be any.
	maxKeyFile = 64 << 10

	// makeKeys makes a file of one key wherever there is a POSIX shell.
	makeKeys = "make one by: (umask 077; head -c 32 /dev/urandom | base64 > FILE)"
)

// keyFileError is what is wrong with a file of keys and how to repair it. It
// never holds anything of the file.
type keyFileError struct{ reason, fix string }

func (e *keyFileError) Error() string { return e.reason }

// fixOf returns the repair of an error that knows one.
func fixOf(err error) string {
	if known, ok := errors.AsType[*keyFileError](err); ok {
		return known.fix
	}
	return ""
}

// readSealingKeys reads a file of keys: one to a line, 32 bytes in standard
// base64 (RFC 4648, section 4) with padding. Blank lines and lines that begin
// with # are passed over. No file name means no keys.
func readSealingKeys(cfg *server.Config, path string) error {
	cfg.SealingKeys = nil
	if path == "" {
		return nil
	}
	if isKey(path) {
		return &keyFileError{"it is a key and not the name of a file", "write it into a file that only its owner can read"}
	}
	text, err := readSecret(path)
	if err != nil {
		return err
	}
	var keys [][]byte
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, ok := decodeKey(line)
		if !ok {
			return &keyFileError{fmt.Sprintf("line %d is not 32 bytes in base64", number), makeKeys}
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return &keyFileError{"it holds no key", makeKeys}
	}
	cfg.SealingKeys = keys
	return nil
}

// decodeKey does without the decoder's error, which tells of the key.
func decodeKey(text string) ([]byte, bool) {
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	return key, err == nil && len(key) == sealingKeySize
}

// isKey tells whether text is a key and not the name of a file of keys.
func isKey(text string) bool {
	_, ok := decodeKey(strings.TrimSpace(text))
	return ok
}

// readSecret reads a file that only its owner can read.
func readSecret(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", unreadable(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return "", unreadable(err)
	}
	if !info.Mode().IsRegular() {
		return "", &keyFileError{"it is no file", makeKeys}
	}
	// Windows has no such modes; whoever may read the file is in its access list.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return "", &keyFileError{
			fmt.Sprintf("others than its owner can reach it (mode %04o)", mode), "chmod 600 " + path,
		}
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return "", unreadable(err)
	}
	if len(text) > maxKeyFile {
		return "", &keyFileError{fmt.Sprintf("it is larger than %d bytes", maxKeyFile), makeKeys}
	}
	return string(text), nil
}

// unreadable tells why a file cannot be read, without repeating its name.
func unreadable(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return &keyFileError{"it cannot be read: " + err.Error(), makeKeys}
}
