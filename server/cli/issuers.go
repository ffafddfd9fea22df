package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/strictjson"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// issuerEntry is an issuer in the YAML file that is more than a URL. What is left out is as
// the ready profile has it, or as RFC 9068 without one.
type issuerEntry struct {
	URL   string `json:"url"`
	Alias string `json:"alias"`
	// Profile names a ready profile; two of them are for something of the operator's.
	Profile        string `json:"profile"`
	ApplicationID  string `json:"application_id"`
	ResourceServer string `json:"resource_server"`

	Types          []string          `json:"types"`
	Algorithms     []string          `json:"algorithms"`
	Audiences      []string          `json:"audiences"`
	StrictAudience bool              `json:"strict_audience"`
	Clients        []string          `json:"clients"`
	ClientClaim    string            `json:"client_claim"`
	DefaultClient  string            `json:"default_client"`
	SubjectClaim   string            `json:"subject_claim"`
	ScopeClaim     string            `json:"scope_claim"`
	ScopePrefix    string            `json:"scope_prefix"`
	ScopeMap       map[string]string `json:"scope_map"`
	GroupsClaim    string            `json:"groups_claim"`
	RolesClaim     string            `json:"roles_claim"`
	MachineSubject string            `json:"machine_subject"`
	MachineClaim   string            `json:"machine_claim"`
	MachineValue   string            `json:"machine_value"`

	Introspection *introspectionEntry `json:"introspection"`
}

type introspectionEntry struct {
	URL              string `json:"url"`
	ClientID         string `json:"client_id"`
	ClientSecretFile string `json:"client_secret_file"`
	CacheFor         string `json:"cache_for"`
	OpaqueOnly       bool   `json:"opaque_only"`
}

// setIssuers takes the issuers of a YAML sequence: URLs, and mappings that say more. The keys
// of its mistakes are to be put behind that of the setting.
func setIssuers(cfg *server.Config, list []any) []server.Mistake {
	var all []token.Issuer
	var wrong []server.Mistake
	for i, element := range list {
		issuer, err := readIssuer(element)
		if err != nil {
			wrong = append(wrong, server.Mistake{
				Key: fmt.Sprintf("[%d]", i+1), Value: entryName(element), Reason: err.Error(), Fix: "docs/identity-providers.md has examples",
			})
			continue
		}
		all = append(all, issuer)
	}
	cfg.Issuers = all
	return wrong
}

// entryName tells entries apart for people.
func entryName(element any) string {
	if mapping, ok := element.(map[string]any); ok {
		element = mapping["url"]
	}
	return fmt.Sprint(element)
}

func readIssuer(element any) (token.Issuer, error) {
	if url, ok := element.(string); ok {
		return token.Issuer{URL: url}, nil
	}
	var e issuerEntry
	mapping, ok := element.(map[string]any)
	text, err := json.Marshal(mapping)
	if !ok || err != nil {
		return token.Issuer{}, errors.New("it is neither a URL nor a mapping")
	}
	if err := strictjson.UnmarshalKnown(text, &e); err != nil {
		return token.Issuer{}, entryError(err)
	}
	return e.issuer()
}

// entryError says in words of the file what is wrong with an entry.
func entryError(err error) error {
	var at *strictjson.Error
	if !errors.As(err, &at) {
		return err
	}
	path := strings.ReplaceAll(strings.TrimPrefix(at.Path, "/"), "/", ".")
	key, known := path, keysOf[issuerEntry]()
	if parent, below, nested := strings.Cut(path, "."); nested && parent == "introspection" {
		key, known = below, keysOf[introspectionEntry]()
	}
	reason := strings.Replace(at.Reason, "a member that is not known", "there is no such key", 1)
	if found, _, unfit := strings.Cut(reason, " that does not fit "); unfit {
		reason = "it is " + found + ", which this key does not take" // what follows is a type of Go
	}
	if near := command.Nearest(key, known); near != "" && near != key {
		reason += ", but " + near
	}
	return fmt.Errorf("%s: %s", path, reason)
}

// keysOf returns the keys of a mapping in the file.
func keysOf[T any]() []string {
	var keys []string
	t := reflect.TypeFor[T]()
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("json"))
	}
	return keys
}

func (e issuerEntry) issuer() (token.Issuer, error) {
	profile, err := e.profile()
	if err != nil {
		return token.Issuer{}, err
	}
	issuer := token.Issuer{URL: e.URL, Alias: e.Alias, Profile: e.over(profile)}
	if e.Introspection != nil {
		issuer.Introspection, err = e.Introspection.read()
	}
	return issuer, err
}

// profile returns the ready profile that the entry names.
func (e issuerEntry) profile() (token.Profile, error) {
	given := func(key, value string, wanted bool) error {
		switch {
		case wanted && value == "":
			return fmt.Errorf("%s: it is needed for the profile %s", key, e.Profile)
		case !wanted && value != "":
			return fmt.Errorf("%s: it is not for the profile %q; leave it out", key, e.Profile)
		}
		return nil
	}
	err := errors.Join(
		given("application_id", e.ApplicationID, e.Profile == "entra-id"),
		given("resource_server", e.ResourceServer, e.Profile == "cognito"))
	switch e.Profile {
	case "":
		return token.Profile{}, err
	case "keycloak":
		return token.Keycloak(), err
	case "entra-id":
		return token.EntraID(e.ApplicationID), err
	case "okta":
		return token.Okta(), err
	case "auth0":
		return token.Auth0(), err
	case "workos":
		return token.WorkOS(), err
	case "cognito":
		return token.Cognito(e.ResourceServer), err
	}
	return token.Profile{}, fmt.Errorf("profile: there is no %q; write keycloak, entra-id, okta, auth0, workos or cognito, or leave it out", e.Profile)
}

// over puts what the entry says over a profile.
func (e issuerEntry) over(p token.Profile) token.Profile {
	for to, from := range map[*string]string{
		&p.ClientClaim: e.ClientClaim, &p.DefaultClient: e.DefaultClient, &p.SubjectClaim: e.SubjectClaim, &p.ScopeClaim: e.ScopeClaim,
		&p.ScopePrefix: e.ScopePrefix, &p.GroupsClaim: e.GroupsClaim, &p.RolesClaim: e.RolesClaim,
		&p.MachineSubject: e.MachineSubject, &p.MachineClaim: e.MachineClaim, &p.MachineValue: e.MachineValue,
	} {
		if from != "" {
			*to = from
		}
	}
	for to, from := range map[*[]string][]string{&p.Types: e.Types, &p.Algorithms: e.Algorithms, &p.Clients: e.Clients} {
		if len(from) > 0 {
			*to = from
		}
	}
	p.Audiences = append(p.Audiences, e.Audiences...)
	p.StrictAudience = e.StrictAudience
	if e.ScopeMap != nil {
		p.ScopeMap, p.ScopePrefix = e.ScopeMap, e.ScopePrefix
	}
	return p
}

// read reads the secret from its file, which only its owner can read.
func (e introspectionEntry) read() (*token.Introspection, error) {
	n := &token.Introspection{URL: e.URL, ClientID: e.ClientID, OpaqueOnly: e.OpaqueOnly}
	if e.CacheFor != "" {
		d, err := time.ParseDuration(e.CacheFor)
		if err != nil || d <= 0 {
			return nil, fmt.Errorf("introspection.cache_for: %q is no time; write one like 10s", e.CacheFor)
		}
		n.CacheFor = d
	}
	if e.ClientSecretFile == "" {
		return nil, errors.New("introspection.client_secret_file: it is missing; name a file that holds the secret and that only its owner can read")
	}
	text, err := readSecret(e.ClientSecretFile)
	if err != nil {
		if fix := fixOf(err); strings.HasPrefix(fix, "chmod") {
			return nil, fmt.Errorf("introspection.client_secret_file: %w; %s", err, fix)
		}
		return nil, fmt.Errorf("introspection.client_secret_file: %w", err)
	}
	n.ClientSecret = token.Secret(strings.TrimSpace(text))
	return n, nil
}
