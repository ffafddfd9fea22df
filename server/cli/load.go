package cli

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// defaultFile is read from the working directory if it is there.
const defaultFile = "sallyport.yaml"

// noNesting is a delimiter no key contains: our settings have one level.
const noNesting = "\x00"

// source is one place settings come from.
type source struct {
	name   func(setting) string // what the setting is called there
	values *koanf.Koanf
}

// load returns the program's settings with those of file, environment and
// flags over them, and every mistake of the three places.
func (p *program) load(flags *pflag.FlagSet) (server.Config, []server.Mistake) {
	cfg := p.base
	if cfg.AdminAddr == "" {
		cfg.AdminAddr = server.DefaultAdminAddr
	}
	cfg.Stdout, cfg.Stderr = p.stdout, p.stderr

	sources, wrong := p.sources(flags)
	for _, from := range sources {
		for _, s := range settings() {
			if from.values.Exists(s.key) {
				p.spell(s.key, from.name(s))
				wrong = append(wrong, from.set(&cfg, s)...)
			}
		}
	}
	for _, s := range settings() {
		if s.read != nil {
			wrong = append(wrong, readNamed(&cfg, s, sources)...)
		}
	}
	cfg.Issuers = asDeclared(cfg.Issuers, p.base.Issuers)
	return cfg, wrong
}

// readNamed reads the file that the strongest source names for the setting.
// What is wrong with a file that is not used is of no interest.
func readNamed(cfg *server.Config, s setting, sources []source) []server.Mistake {
	for _, from := range slices.Backward(sources) {
		name, ok := from.values.Get(s.key).(string)
		if !ok {
			continue // absent, or reported already
		}
		if err := s.read(cfg, name); err != nil {
			return []server.Mistake{{Key: from.name(s), Value: s.shown(name), Reason: err.Error(), Fix: fixOf(err)}}
		}
		return nil
	}
	return nil
}

// asDeclared returns the issuers that were set, with what the program declares
// about those of them that it knows. Their profiles say what their tokens
// mean, and naming their URLs must not lose that.
func asDeclared(set, declared []token.Issuer) []token.Issuer {
	issuers := slices.Clone(set)
	for i, issuer := range issuers {
		at := slices.IndexFunc(declared, func(d token.Issuer) bool { return d.URL == issuer.URL })
		if at >= 0 && isOnlyURL(issuer) {
			issuers[i] = declared[at]
		}
	}
	return issuers
}

// isOnlyURL tells an issuer that was named from one of which more was said.
func isOnlyURL(issuer token.Issuer) bool {
	return reflect.DeepEqual(issuer, token.Issuer{URL: issuer.URL})
}

// set applies one setting of the source.
func (from source) set(cfg *server.Config, s setting) []server.Mistake {
	raw := from.values.Get(s.key)
	if raw == nil {
		return []server.Mistake{{
			Key: from.name(s), Reason: "it has no value", Fix: `write "" if it shall be empty, or leave the key out`,
		}}
	}
	if sequence, ok := raw.([]any); ok && s.elements != nil {
		wrong := s.elements(cfg, sequence)
		for i := range wrong {
			wrong[i].Key = from.name(s) + wrong[i].Key
		}
		return wrong
	}
	values, err := s.values(raw)
	if err != nil {
		return []server.Mistake{{
			Key: from.name(s), Value: s.shown(raw), Reason: err.Error(), Fix: cmp.Or(s.write, "put the value in quotes"),
		}}
	}
	if s.apply != nil {
		s.apply(cfg, values)
	}
	return nil
}

// sources reads the three places, the weakest first.
func (p *program) sources(flags *pflag.FlagSet) ([]source, []server.Mistake) {
	variables, envErr := p.environment()
	given, flagErr := changedFlags(flags)
	if err := errors.Join(envErr, flagErr); err != nil {
		return nil, []server.Mistake{{Reason: err.Error()}}
	}
	path, needed := filePath(variables, given)
	text := &oneDocument{YAML: yaml.Parser()}
	settings, wrong := readFile(path, needed, text)
	if variables.String(configKey) == path {
		p.spell(configKey, envPrefix+strings.ToUpper(configKey))
	}
	if given.String(configKey) == path {
		p.spell(configKey, "--"+configKey)
	}
	return []source{
		{func(s setting) string { return text.place(path, s.key) }, settings},
		{setting.variable, variables},
		{func(s setting) string { return "--" + s.flag() }, given},
	}, wrong
}

// environment takes the variables that are settings. Others with our prefix
// are left alone: newer and older versions share an environment.
func (p *program) environment() (*koanf.Koanf, error) {
	keys := append(knownKeys(), configKey)
	values := koanf.New(noNesting)
	err := values.Load(env.Provider(noNesting, env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return p.env },
		TransformFunc: func(name, value string) (string, any) {
			key := strings.ToLower(strings.TrimPrefix(name, envPrefix))
			if !slices.Contains(keys, key) || name != strings.ToUpper(name) {
				return "", nil
			}
			return key, value
		},
	}), nil)
	return values, err
}

// changedFlags takes the flags that were given.
func changedFlags(flags *pflag.FlagSet) (*koanf.Koanf, error) {
	values := koanf.New(noNesting)
	err := values.Load(posflag.ProviderWithFlag(flags, noNesting, nil, func(f *pflag.Flag) (string, any) {
		return strings.ReplaceAll(f.Name, "-", "_"), f.Value.String()
	}), nil)
	return values, err
}

// filePath returns the YAML file and whether it must exist.
func filePath(variables, flags *koanf.Koanf) (string, bool) {
	for _, values := range []*koanf.Koanf{flags, variables} {
		if path := values.String(configKey); path != "" {
			return path, true
		}
	}
	return defaultFile, false
}

// readFile reads the YAML file. A file nobody named may be missing.
func readFile(path string, needed bool, text *oneDocument) (*koanf.Koanf, []server.Mistake) {
	values := koanf.New(noNesting)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !needed {
		return values, nil
	}
	if err := values.Load(file.Provider(path), text); err != nil {
		return values, []server.Mistake{text.mistake(path, err)}
	}
	var wrong []server.Mistake
	for _, key := range values.Keys() {
		if !slices.Contains(knownKeys(), topLevel(key)) {
			wrong = append(wrong, unknownKey(text.place(path, topLevel(key)), topLevel(key), values))
		}
	}
	return values, slices.CompactFunc(wrong, func(a, b server.Mistake) bool { return a == b })
}

func topLevel(key string) string {
	top, _, _ := strings.Cut(key, noNesting)
	return top
}

// unknownKey is the mistake of a key that is none. Its value is shown as that of
// the setting that was most likely meant; any other may be a secret.
func unknownKey(place, key string, values *koanf.Koanf) server.Mistake {
	wrong := server.Mistake{
		Key: place, Value: "(not shown)", Reason: "there is no such key", Fix: "use one of " + strings.Join(knownKeys(), ", "),
	}
	plain := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(key), strings.ToLower(envPrefix)), "-", "_")
	if near := command.Nearest(plain, knownKeys()); near != "" {
		meant := settings()[slices.IndexFunc(settings(), func(s setting) bool { return s.key == near })]
		wrong.Fix, wrong.Value = "write "+near, meant.shown(values.Get(key))
	} else if below := values.MapKeys(key); len(below) > 0 {
		wrong.Value, wrong.Fix = strings.Join(below, ", "), "settings have no heading; begin each at the start of its line"
	}
	return wrong
}

// spell notes how the strongest source so far writes a setting.
func (p *program) spell(key, name string) {
	if p.spelled == nil {
		p.spelled = map[string]string{}
	}
	p.spelled[key] = name
}

// spelling returns the mistakes with the settings as the person wrote them: a
// flag, a variable, or a key with its file and line.
func (p *program) spelling(wrong []server.Mistake) []server.Mistake {
	wrong = slices.Clone(wrong)
	for i, m := range wrong {
		wrong[i].Key = cmp.Or(p.spelled[m.Key], m.Key)
	}
	return wrong
}
