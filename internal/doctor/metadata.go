package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const resourceWellKnown = "/.well-known/oauth-protected-resource"

// noMetadata is why nothing is said about a document or its issuers.
const noMetadata = "there is no resource metadata"

// document is one copy of the resource metadata (RFC 9728, section 2).
type document struct {
	where string // what the place is called in findings
	url   string
	x     *exchange
	err   error // why it is none
	resourceMetadata
}

type resourceMetadata struct {
	Resource             string    `json:"resource"`
	AuthorizationServers []string  `json:"authorization_servers"`
	ScopesSupported      []string  `json:"scopes_supported"`
	BearerMethods        *[]string `json:"bearer_methods_supported"`
}

// documents are the copies that a client would look at, in its order: where the challenge says, below the well-known path, at the root.
func (v *visit) documents() []*document {
	if v.docs != nil {
		return v.docs
	}
	places := [][2]string{{"at the path", v.wellKnown()}}
	if root := v.origin() + resourceWellKnown; root != v.wellKnown() {
		places = append(places, [2]string{"at the root", root})
	}
	if x := v.guarded(); x != nil {
		if named := x.param("resource_metadata"); named != "" && named != places[0][1] {
			places = append([][2]string{{"where the challenge says", named}}, places...)
		}
	}
	for _, place := range places {
		v.docs = append(v.docs, v.document(place[0], place[1]))
	}
	return v.docs
}

// wellKnown is where the metadata of this endpoint belongs (RFC 9728, section 3.1).
func (v *visit) wellKnown() string {
	return v.origin() + resourceWellKnown + strings.TrimSuffix(v.target.EscapedPath(), "/")
}

func (v *visit) document(where, address string) *document {
	d := &document{where: where, url: address}
	if err := v.mayFetch(address); err != nil {
		d.x, d.err = &exchange{header: http.Header{}}, err
		return d
	}
	d.x = v.send(get("GET "+v.relative(address), address))
	d.err = d.x.document(&d.resourceMetadata)
	return d
}

// relative is an address without the origin that the reader knows.
func (v *visit) relative(address string) string { return strings.TrimPrefix(address, v.origin()) }

// document reads an answer that has to be a JSON object.
func (x *exchange) document(into any) error {
	switch {
	case x.err != nil:
		return x.err
	case x.status != http.StatusOK:
		return fmt.Errorf("%d", x.status)
	}
	if err := json.Unmarshal(x.body, into); err != nil {
		if mistake := (*json.UnmarshalTypeError)(nil); errors.As(err, &mistake) && mistake.Field != "" {
			return fmt.Errorf("%s is a %s", mistake.Field, mistake.Value)
		}
		return errors.New("no JSON object")
	}
	return nil
}

// mayFetch refuses addresses that nobody should read metadata from.
func (v *visit) mayFetch(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errors.New("no URL")
	case u.User != nil || u.Fragment != "":
		return errors.New("a URL with a user name or a fragment")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()) && v.onLoopback():
		return nil
	case u.Scheme == "http" && v.target.Scheme == "http" && u.Host == v.target.Host:
		return nil // tls.https says what there is to say
	}
	return errors.New("not https")
}

// metadata is the document that a client would use, nil if there is none.
func (v *visit) metadata() *document {
	for _, d := range v.documents() {
		if d.err == nil {
			return d
		}
	}
	return nil
}

// withMetadata skips what is said about a document if there is none.
func withMetadata(v *visit, look func(*document) verdict) verdict {
	if d := v.metadata(); d != nil {
		return look(d)
	}
	return skipped(noMetadata)
}

// eachDocument judges every copy there is.
func eachDocument(v *visit, look func(*document) verdict) verdict {
	return withMetadata(v, func(*document) verdict {
		var all []verdict
		for _, d := range v.documents() {
			if d.err == nil {
				all = append(all, look(d))
			}
		}
		return worst(all...)
	})
}
