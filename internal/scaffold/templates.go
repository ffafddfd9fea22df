package scaffold

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"io/fs"
	"path"
	"strings"
	"text/template"
)

//go:embed all:templates
var templateFiles embed.FS

const templateSuffix = ".tmpl"

// rendered is a file to be written: its path with slashes, and its text.
type rendered struct{ path, text string }

// renderTree renders every template below a directory of the embedded ones.
func renderTree(dir string, data any) ([]rendered, error) {
	var files []rendered
	err := fs.WalkDir(templateFiles, path.Join("templates", dir), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := render(name, data)
		to := strings.TrimSuffix(strings.TrimPrefix(name, path.Join("templates", dir)+"/"), templateSuffix)
		files = append(files, rendered{to, text})
		return err
	})
	return files, err
}

// render fills in one template. Go files come out formatted, and so are known to parse.
func render(name string, data any) (string, error) {
	source, err := templateFiles.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("template %s: %w", name, err)
	}
	t, err := template.New(name).Delims("[[", "]]").Option("missingkey=error").Parse(string(source))
	if err != nil {
		return "", fmt.Errorf("template %s: %w", name, err)
	}
	var text bytes.Buffer
	if err := t.Execute(&text, data); err != nil {
		return "", fmt.Errorf("template %s: %w", name, err)
	}
	if !strings.HasSuffix(strings.TrimSuffix(name, templateSuffix), ".go") {
		return text.String(), nil
	}
	formatted, err := format.Source(text.Bytes())
	if err != nil {
		return "", fmt.Errorf("template %s: %w", name, err)
	}
	return string(formatted), nil
}
