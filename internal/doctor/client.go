package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// newClient returns a client for one examination. The strict one refuses whom it cannot verify; the lenient one talks to them, since
// there is more to say about a server than that, and remembers it. Neither knows proxies or cookies, and both speak HTTP/1.1, which
// every server does.
func (v *visit) newClient(strict bool) *http.Client {
	return &http.Client{
		CheckRedirect: v.redirected,
		Transport: &http.Transport{
			DialContext: v.dial,
			DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return v.dialTLS(ctx, network, address, strict)
			},
			DisableCompression:     true,
			MaxResponseHeaderBytes: headerLimit,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        time.Minute,
		},
	}
}

func (v *visit) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if v.opts.Dial != nil {
		return v.opts.Dial(ctx, network, address)
	}
	return (&net.Dialer{Timeout: perRequest, Control: v.permitted}).DialContext(ctx, network, address)
}

// permitted keeps a server elsewhere from sending the examination to this machine or to its cloud's metadata service, by naming an
// issuer there.
func (v *visit) permitted(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	ip := net.ParseIP(host)
	if ip == nil || !v.onLoopback() && (ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast()) {
		return fmt.Errorf("a server elsewhere names an address of this machine or its link: %s", host)
	}
	return nil
}

// dialTLS connects, and verifies whom it is connected to by the name that was asked for, also if that is an address.
func (v *visit) dialTLS(ctx context.Context, network, address string, strict bool) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	raw, err := v.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	minimum := uint16(tls.VersionTLS10)
	if strict {
		minimum = tls.VersionTLS12
	}
	conn := tls.Client(raw, &tls.Config{
		ServerName:         host,
		MinVersion:         minimum,
		InsecureSkipVerify: true, //nolint:gosec // verified below, and the token goes over connections that pass only
	})
	if err = conn.HandshakeContext(ctx); err == nil {
		unverified := v.verify(conn.ConnectionState(), host)
		v.certs.put(host, unverified)
		if unverified == nil || !strict {
			return conn, nil
		}
		err = unverified
	}
	_ = raw.Close() // nothing was sent
	return nil, err
}

// verify does what InsecureSkipVerify leaves out (RFC 5280, section 6; RFC 9525).
func (v *visit) verify(state tls.ConnectionState, host string) error {
	intermediates := x509.NewCertPool()
	for _, certificate := range state.PeerCertificates[1:] { // a server without any does not finish a handshake
		intermediates.AddCert(certificate)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
		Roots: v.opts.Roots, Intermediates: intermediates, DNSName: host, CurrentTime: v.opts.Now(),
	})
	return err
}

// redirected follows a redirect of a document within its origin, and no other.
func (v *visit) redirected(request *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || len(via) > 3 || request.URL.Scheme != first.URL.Scheme || request.URL.Host != first.URL.Host ||
		first.URL.Path == v.target.Path && first.URL.Host == v.target.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// certs remembers what is wrong with the certificates of hosts. Connections are made on goroutines of their own.
type certs struct {
	mu   sync.Mutex
	host map[string]error
}

func (c *certs) put(host string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.host == nil {
		c.host = map[string]error{}
	}
	c.host[host] = err
}

// wrong returns what is wrong with the certificate of a host, nil if it is good or there was none.
func (c *certs) wrong(host string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.host[host]
}
