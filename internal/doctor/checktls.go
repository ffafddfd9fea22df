package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// expiresSoon is how long before its end a certificate is worth a warning.
const expiresSoon = 14 * 24 * time.Hour

func tlsChecks() []Check {
	return []Check{
		{
			ID: "tls.https", Title: "The endpoint is served over https", Worst: Problem,
			Clause: "OAuth 2.1, section 1.5; RFC 6750, section 5.3",
			Why:    "A bearer token works for whoever reads it, and over plain http every machine on the way can.",
			Mend:   "Serve https, or put a proxy in front that does; plain http is for loopback alone.",
			look:   lookHTTPS,
		},
		{
			ID: "tls.certificate", Title: "The certificate is valid for this name", Worst: Problem,
			Clause: "RFC 9525; RFC 5280, section 6; RFC 6750, section 5.3",
			Why:    "Clients must refuse the connection; one that does not hands its token to whoever is in between.",
			Mend:   "Install a certificate for this host name with its whole chain, from an authority that clients trust.",
			look:   lookCertificate,
		},
		{
			ID: "tls.expiry", Title: "The certificate has more than two weeks left", Worst: Warning,
			Clause: "RFC 5280, section 4.1.2.5",
			Why:    "When it ends, every client stops at once.",
			Mend:   "Renew it, and let a machine do so from now on.",
			look:   lookExpiry,
		},
		{
			ID: "tls.version", Title: "TLS 1.0 and 1.1 are refused", Worst: Warning,
			Clause: "RFC 8996; RFC 9325, section 3.1.1",
			Why:    "The old versions have known weaknesses, and an attacker in between may try to bring a client down to them.",
			Mend:   "Set the least version to TLS 1.2.",
			look:   lookTLSVersion,
		},
		{
			ID: "tls.hsts", Title: "Browsers are told to use https only", Worst: Note,
			Clause: "RFC 6797, section 7.1",
			Why:    "Without Strict-Transport-Security a browser may make its first request over plain http.",
			Mend:   "Send Strict-Transport-Security: max-age=31536000 with every answer.",
			look:   lookHSTS,
		},
	}
}

// state returns the first answer of the server, for what is said about its connection.
func (v *visit) first() *exchange { return v.send(v.modern("tools/list", nil)) }

// withTLS skips a check of the connection if there is no TLS in it.
func withTLS(v *visit, look func(*tls.ConnectionState) verdict) verdict {
	state := v.first().tls
	if state == nil {
		return skipped("plain http")
	}
	return look(state)
}

func lookHTTPS(v *visit) verdict {
	switch {
	case v.target.Scheme == "https":
		return ok("https")
	case v.onLoopback():
		return ok("plain http, on loopback only")
	}
	return problem("plain http to %s", v.target.Host)
}

func lookCertificate(v *visit) verdict {
	return withTLS(v, func(state *tls.ConnectionState) verdict {
		if err := v.certs.wrong(v.target.Hostname()); err != nil {
			return problem("%v", err)
		}
		return ok("issued by %s", state.PeerCertificates[0].Issuer)
	})
}

func lookExpiry(v *visit) verdict {
	return withTLS(v, func(state *tls.ConnectionState) verdict {
		end := state.PeerCertificates[0].NotAfter
		left := end.Sub(v.opts.Now())
		if left < expiresSoon {
			return warning("it ends on %s, in %d days", end.UTC().Format(time.DateOnly), int(left.Hours()/24))
		}
		return ok("it ends on %s", end.UTC().Format(time.DateOnly))
	})
}

// lookTLSVersion tries a handshake of its own with what should be refused.
func lookTLSVersion(v *visit) verdict {
	return withTLS(v, func(state *tls.ConnectionState) verdict {
		ctx, cancel := context.WithTimeout(v.ctx, perRequest)
		defer cancel()
		port := v.target.Port()
		if port == "" {
			port = "443"
		}
		raw, err := v.dial(ctx, "tcp", net.JoinHostPort(v.target.Hostname(), port))
		if err != nil {
			return unseen("no second connection: %v", err)
		}
		defer func() { _ = raw.Close() }()
		v.requests++
		old := tls.Client(raw, &tls.Config{
			ServerName: v.target.Hostname(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
			InsecureSkipVerify: true, //nolint:gosec // nothing is sent over it
		})
		if old.HandshakeContext(ctx) == nil {
			return warning("a handshake with %s succeeds", tls.VersionName(old.ConnectionState().Version))
		}
		return ok("%s is what it speaks, and no handshake with less succeeds", tls.VersionName(state.Version))
	})
}

func lookHSTS(v *visit) verdict {
	return withTLS(v, func(*tls.ConnectionState) verdict {
		if value := v.first().header.Get("Strict-Transport-Security"); value != "" {
			return ok("Strict-Transport-Security: %s", value)
		}
		return note("no Strict-Transport-Security")
	})
}
