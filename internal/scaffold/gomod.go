package scaffold

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// requirement is a line of a go.mod.
type requirement struct{ path, version string }

// modules are the texts of go.mod and go.sum. Complete tells that nothing is to be looked up before the first build.
type modules struct {
	mod, sum string
	complete bool
}

// modulesOf writes go.mod and go.sum for a server. What the server needs is what the framework needs, in the versions that the
// framework was tested with; nothing is resolved anew and no network is asked.
func modulesOf(module string, f Framework) (modules, error) {
	if f.Source == "" {
		return modules{mod: header(module, f, defaultGo)}, nil
	}
	mod, err := os.ReadFile(filepath.Join(f.Source, "go.mod"))
	if err != nil {
		return modules{}, fmt.Errorf("the framework's go.mod: %w", err)
	}
	sum, err := os.ReadFile(filepath.Join(f.Source, "go.sum"))
	if err != nil {
		return modules{}, fmt.Errorf("the framework's go.sum: %w", err)
	}
	var text strings.Builder
	text.WriteString(header(module, f, goVersion(mod)) + "\nrequire (\n")
	for _, r := range requirements(mod) {
		fmt.Fprintf(&text, "\t%s %s // indirect\n", r.path, r.version)
	}
	text.WriteString(")\n")
	return modules{mod: text.String(), sum: sumOf(f, mod, sum), complete: true}, nil
}

// defaultGo is the Go release that the framework needs, where its go.mod is out of reach.
const defaultGo = "1.26.0"

func goVersion(mod []byte) string {
	found := regexp.MustCompile(`(?m)^go ([0-9.]+)$`).FindSubmatch(mod)
	if found == nil {
		return defaultGo
	}
	return string(found[1])
}

func header(module string, f Framework, release string) string {
	if f.Version != "" {
		return fmt.Sprintf("module %s\n\ngo %s\n\nrequire %s %s\n", module, release, framework, f.Version)
	}
	return fmt.Sprintf(`module %s

go %s

require %s v0.0.0

// The framework is a checkout on this machine, from which the sallyport command was built. Once there
// is a release to take instead:
//
//	go get %s@latest
//	go mod edit -dropreplace %s
replace %s => %s
`, module, release, framework, framework, framework, framework, quoted(f.Source))
}

// quoted writes a path as go.mod can have it.
func quoted(path string) string {
	if regexp.MustCompile(`^[A-Za-z0-9/._~+@:-]+$`).MatchString(path) {
		return path
	}
	return strconv.Quote(path)
}

// requirements are the modules that a server needs besides the framework, by path.
func requirements(mod []byte) []requirement {
	var all []requirement
	for _, line := range regexp.MustCompile(`(?m)^(?:require )?\t?(\S+\.\S+/\S+) (v\S+)(?: // indirect)?$`).FindAllSubmatch(mod, -1) {
		r := requirement{string(line[1]), string(line[2])}
		if !slices.Contains(frameworkTests(), r.path) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b requirement) int { return cmp.Compare(a.path, b.path) })
	return all
}

// frameworkTests are the modules that only the framework's own tests need. A test compares the rest with `go mod tidy`.
func frameworkTests() []string {
	return []string{
		"github.com/cedar-policy/cedar-go", "github.com/google/go-cmp", "github.com/rogpeppe/go-internal",
		"go.uber.org/goleak", "golang.org/x/exp", "golang.org/x/tools",
	}
}

// sumOf returns the framework's go.sum, which holds a checksum for each of its modules, and of a version its own.
func sumOf(f Framework, mod, sum []byte) string {
	if f.Version == "" {
		return string(sum)
	}
	lines := strings.SplitAfter(string(sum), "\n")
	lines = append(lines,
		fmt.Sprintf("%s %s %s\n", framework, f.Version, f.Sum),
		fmt.Sprintf("%s %s/go.mod %s\n", framework, f.Version, sumOfFile("go.mod", mod)))
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// sumOfFile is the checksum of a module that is one file, in the form "h1:" of go.sum.
func sumOfFile(name string, data []byte) string {
	list := sha256.Sum256(fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(data), name))
	return "h1:" + base64.StdEncoding.EncodeToString(list[:])
}
