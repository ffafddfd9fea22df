package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// overlay writes the mutated file and what tells the compiler to take it instead. It returns the path of the latter.
func overlay(dir string, m mutant, text string) (string, error) {
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	mutated := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(mutated, []byte(text), 0o600); err != nil { //nolint:gosec // G703: in a folder of our own
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{original: mutated}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// goTest runs the tests that have to notice. Without a failed test among what they say, the mutant did not compile.
func goTest(m mutant, overlay string) (outcome, string) {
	packages := strings.Fields(m.packages)
	if len(packages) == 0 {
		packages = []string{"./" + filepath.ToSlash(filepath.Dir(m.file))}
	}
	arguments := append([]string{"test", "-count=1", "-failfast", "-timeout=5m", "-overlay=" + overlay}, packages...)
	said, err := exec.Command("go", arguments...).CombinedOutput() //nolint:gosec,noctx // G204: arguments of ours; the tests have a time limit
	switch {
	case err == nil:
		return survived, "every test passed"
	case strings.Contains(string(said), "--- FAIL") || strings.Contains(string(said), "panic: "):
		return killed, ""
	}
	return broken, strings.TrimSpace(string(said))
}
