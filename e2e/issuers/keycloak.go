package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const (
	realm = "notes"
	// keycloakStart is how long Keycloak may take; half a minute is usual on two cores.
	keycloakStart = 4 * time.Minute
	// keycloakMemory bounds its heap. The process takes about 300 MB more.
	keycloakMemory = "-Xms64m -Xmx512m"
)

// keycloak is a Keycloak that forgets everything when it stops: its database is in memory.
type keycloak struct {
	*process
	home, files string // the distribution; realm.json and scopes.json
	dir, base   string
	placeholder *strings.Replacer
	admin       string // the password of its administrator
}

// start starts Keycloak and gives it the realm and its scopes. The caller stops it, also if there is an error.
func (k *keycloak) start(ctx context.Context) error {
	u, err := url.Parse(k.base)
	if err != nil {
		return err
	}
	// "start --optimized" takes the build that ./run made, and does not look whether another one is needed.
	k.process, err = start(ctx, "keycloak", k.dir,
		[]string{"KC_BOOTSTRAP_ADMIN_USERNAME=admin", "KC_BOOTSTRAP_ADMIN_PASSWORD=" + k.admin, "JAVA_OPTS_KC_HEAP=" + keycloakMemory},
		filepath.Join(k.home, "bin", "kc.sh"), "start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", "--http-port="+u.Port(),
		"--hostname="+k.base)
	if err != nil {
		return err
	}
	err = k.until(ctx, keycloakStart, func(ctx context.Context) error {
		_, err := metadata(ctx, k.base+"/realms/master")
		return err
	})
	if err != nil {
		return err
	}
	return k.configure(ctx)
}

// configure imports the realm and gives the clients of this resource its scopes.
func (k *keycloak) configure(ctx context.Context) error {
	body, err := k.file("realm.json")
	if err != nil {
		return err
	}
	if _, err := k.ask(ctx, http.MethodPost, "", body, nil); err != nil {
		return fmt.Errorf("realm.json: %w", err)
	}
	body, err = k.file("scopes.json")
	if err != nil {
		return err
	}
	var scopes []map[string]any
	if err := json.Unmarshal(body, &scopes); err != nil {
		return fmt.Errorf("scopes.json: %w", err)
	}
	for _, scope := range scopes {
		if err := k.addScope(ctx, scope); err != nil {
			return fmt.Errorf("scopes.json: %v: %w", scope["name"], err)
		}
	}
	return nil
}

// addScope makes a client scope. Those that a client asks for become optional, the other one is always there.
func (k *keycloak) addScope(ctx context.Context, scope map[string]any) error {
	body, err := json.Marshal(scope)
	if err != nil {
		return err
	}
	location, err := k.ask(ctx, http.MethodPost, "/"+realm+"/client-scopes", body, nil)
	if err != nil {
		return err
	}
	kind := "optional"
	if !strings.Contains(text(scope, "name"), ":") {
		kind = "default"
	}
	for _, client := range []string{"notes-cli", "notes-service", "notes-service-rfc9068"} {
		var found []struct {
			ID string `json:"id"`
		}
		if _, err := k.ask(ctx, http.MethodGet, "/"+realm+"/clients?clientId="+client, nil, &found); err != nil {
			return err
		}
		if len(found) != 1 {
			return fmt.Errorf("there are %d clients %s", len(found), client)
		}
		to := "/" + realm + "/clients/" + found[0].ID + "/" + kind + "-client-scopes/" + path.Base(location)
		if _, err := k.ask(ctx, http.MethodPut, to, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// rotate adds a key that signs from now on. The old one stays among those that are published.
func (k *keycloak) rotate(ctx context.Context) error {
	var the struct {
		ID string `json:"id"`
	}
	if _, err := k.ask(ctx, http.MethodGet, "/"+realm, nil, &the); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"name": "the next key", "parentId": the.ID, "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
		"config": map[string][]string{"priority": {"200"}, "enabled": {"true"}, "active": {"true"}, "algorithm": {"RS256"}, "keySize": {"2048"}},
	})
	if err != nil {
		return err
	}
	_, err = k.ask(ctx, http.MethodPost, "/"+realm+"/components", body, nil)
	return err
}

// file reads a file and fills in its placeholders, which Keycloak itself would do when it imports a realm at its start.
func (k *keycloak) file(name string) ([]byte, error) {
	body, err := os.ReadFile(filepath.Join(k.files, name))
	return []byte(k.placeholder.Replace(string(body))), err
}

// ask sends a request to the admin API below /admin/realms, reads the answer into what into points to, and returns its Location.
func (k *keycloak) ask(ctx context.Context, method, to string, body []byte, into any) (string, error) {
	master, err := metadata(ctx, k.base+"/realms/master")
	if err != nil {
		return "", err
	}
	admin, err := authority{endpoints: master}.token(ctx, url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {"admin"}, "password": {k.admin},
	}, "")
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, method, k.base+"/admin/realms"+to, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+admin.Access)
	req.Header.Set("Content-Type", "application/json")
	resp, got, err := exchange(req)
	if err != nil {
		return "", err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return "", fmt.Errorf("%s %s: %s %s", method, req.URL.Path, resp.Status, got)
	}
	if into != nil {
		err = json.Unmarshal(got, into)
	}
	return resp.Header.Get("Location"), err
}
