package scaffold

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
)

// Framework is where a generated server gets the framework from. Exactly one of Version and a checkout counts: with a version the
// module is required at it, without one it is replaced by Source.
type Framework struct {
	// Source is the directory of the framework's own go.mod; empty if it is not on this machine.
	Source string
	// Version is the released version, empty for a checkout.
	Version string
	// Sum is the checksum of that version, as go.sum has it; empty if it is not known.
	Sum string
}

// Locate finds the framework that this program was built from. A directory that is given wins; info may be nil.
func Locate(dir string, info *debug.BuildInfo) (Framework, error) {
	if dir != "" {
		source, err := filepath.Abs(dir)
		if err != nil || !holdsFramework(source) {
			return Framework{}, mistake("name the directory that holds its go.mod", "there is no checkout of %s in %s", framework, dir)
		}
		return Framework{Source: source}, nil
	}
	return locate(compiledFrom(), info)
}

// locate judges what a build says about itself: a module with a checksum came through the module cache and so has a version that
// others can have too; any other was built where source is.
func locate(source string, info *debug.BuildInfo) (Framework, error) {
	if !holdsFramework(source) {
		source = ""
	}
	module := own(info)
	switch {
	case module.Sum != "":
		return Framework{Source: source, Version: module.Version, Sum: module.Sum}, nil
	case source != "":
		return Framework{Source: source}, nil
	case regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+$`).MatchString(module.Version):
		return Framework{Version: module.Version}, nil // built and stripped of its paths by who released it
	}
	return Framework{}, mistake("say where with --framework DIR",
		"this program does not know where the framework is that it was built from")
}

// own returns the framework among the modules of a build. One that was replaced by a directory has no checksum.
func own(info *debug.BuildInfo) debug.Module {
	if info == nil {
		return debug.Module{}
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path != framework {
			continue
		}
		if m.Replace != nil {
			return debug.Module{Path: m.Path}
		}
		return *m
	}
	return debug.Module{}
}

// compiledFrom returns the directory that this package was compiled in, or nothing of use if paths were stripped from the build.
func compiledFrom() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// holdsFramework tells whether a directory is the framework's: an absolute path with its go.mod.
func holdsFramework(dir string) bool {
	if !filepath.IsAbs(dir) {
		return false
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && modulePath(text) == framework
}

// modulePath returns what a go.mod says about itself.
func modulePath(text []byte) string {
	found := regexp.MustCompile(`(?m)^module[ \t]+"?([^\s"]+)"?`).FindSubmatch(text)
	if found == nil {
		return ""
	}
	return string(found[1])
}
