package main

// all returns every mutant, by file.
func all() []mutant {
	var list []mutant
	for _, of := range []struct {
		file  string
		pairs [][2]string
	}{
		{"form.go", inForm()},
		{"header.go", inHeader()},
		{"claims.go", inClaims()},
		{"verifier.go", inVerifier()},
		{"principal.go", inPrincipal()},
		{"key.go", inKey()},
		{"keyset.go", inKeyset()},
		{"keys.go", inKeys()},
		{"fetch.go", inFetch()},
		{"introspection.go", inIntrospection()},
		{"revocations.go", inRevocations()},
	} {
		for _, pair := range of.pairs {
			list = append(list, mutant{file: "transport/token/" + of.file, from: pair[0], to: pair[1]})
		}
	}
	return list
}

func inForm() [][2]string {
	return [][2]string{
		{`strings.ContainsAny(raw, "\r\n") || strings.Count`, `strings.Count`},
		{`len(parts[2]) > 0`, `true`},
		{`base64.RawURLEncoding.Strict()`, `base64.RawURLEncoding`},
		{`if raw[0] != '{' || json.Unmarshal(raw, &inner) != nil {`, `if json.Unmarshal(raw, &inner) != nil {`},
		{`if len(raw) == 0 || raw[0] != '"' {`, `if len(raw) == 0 {`},
	}
}

func inHeader() [][2]string {
	return [][2]string{
		{`if !ok || !slices.Contains(is.profile.Algorithms, alg) {`, `if !ok || alg == "" {`},
		{`if header.hasTwin(is.headerNames) {`, `if false {`},
		{`"jku", "x5u", "jwk", "x5c", "crit", "b64", "cty"`, `"x5u", "jwk", "x5c", "crit", "b64", "cty"`},
		{`"jwk", "x5c", "crit", "b64", "cty"}`, `"x5c", "crit", "b64", "cty"}`},
		{`"crit", "b64", "cty"}`, `"b64", "cty"}`},
		{`"b64", "cty"}`, `"cty"}`},
		{`header.has("kid") && (!ok || kid == "")`, `header.has("kid") && !ok && kid == ""`},
		{`|| !slices.Contains(is.profile.Types, strings.ToLower(typ))`, `|| strings.ToLower(typ) == "dpop+jwt"`},
		{`strings.ToLower(typ)`, `strings.TrimSpace(typ)`},
	}
}

func inClaims() [][2]string {
	return [][2]string{
		{`"nonce", "at_hash", "c_hash", "s_hash", "events", "htm", "htu", "ath"} {
		if`, `"at_hash", "c_hash", "s_hash", "events", "htm", "htu", "ath"} {
		if`},
		{`"events", "htm", "htu", "ath"} {
		if`, `"htm", "htu", "ath"} {
		if`},
		{`c.has("typ") && !strings.EqualFold(typ, "Bearer")`, `false && !strings.EqualFold(typ, "Bearer")`},
		{`c.has("token_use") && use != "access"`, `false && use != "access"`},
		{`if !ok || !slices.ContainsFunc(audiences, isOurs) {`, `if !ok {`},
		{`is.profile.StrictAudience && slices`, `false && slices`},
		{`!okExp || !okIat || c.has("nbf") && !okNbf`, `!okExp || !okIat`},
		{`iat, okIat := c.seconds("iat")`, `iat, okIat := c.seconds("iat")
	okIat = true`},
		{`case !now.Before(time.Unix(t.exp, 0).Add(is.skew)):`, `case false:`},
		{`case t.hasNbf && time`, `case false && time`},
		{`case time.Unix(t.iat, 0).After(latest):`, `case false:`},
		{`t.exp <= t.iat || t.exp-t.iat`, `t.exp-t.iat`},
		{`|| t.exp-t.iat > int64(is.maxLifetime/time.Second)`, ``},
	}
}

func inVerifier() [][2]string {
	return [][2]string{
		{`if len(raw) > maxSize {`, `if false {`},
		{`is, ok := v.issuers[url]`, `is, ok := v.issuers[url]
	if !ok {
		is, ok = v.first, true
	}`},
		{`if err := is.checkHeader(t.header); err != nil {`, `if err := is.checkHeader(t.header); false && err != nil {`},
		{`if err := a.checkSignature(ctx, t); err != nil {`, `if err := a.checkSignature(ctx, t); a.key == nil && err != nil {`},
		{`if c.hasTwin(is.claimNames) {`, `if false {`},
		{`if err := checkKind(c); err != nil {`, `if err := checkKind(c); false && err != nil {`},
		{`if c.has("cnf") {`, `if false {`},
		{`if known == nil || !known.holds() {`, `if known == nil {`},
		{`if err := known.issuer.checkTimes(known.times, v.config.Now()); err != nil {`, `if err := known.issuer.checkTimes(known.times, v.config.Now()); false && err != nil {`},
		{`case revoked:`, `case revoked && err != nil:`},
	}
}

func inPrincipal() [][2]string {
	return [][2]string{
		{`!ok || !isName(client) || who.Client != "" && client != who.Client`, `!ok || !isName(client)`},
		{`len(is.profile.Clients) > 0 && !slices.Contains(is.profile.Clients, who.Client)`, `false`},
		{`sub, ok := c.text("sub")
	if !ok || !isName(sub) {
		return refuse(ReasonSubject)
	}
	who.Subject = sub`, `sub, ok := c.text("sub")
	who.Subject = sub`},
		{`if strings.Contains(sub, "@") && !confirmed && !is.profile.TolerateUnverifiedEmail {`, `if false && !confirmed {`},
		{`verified && (!hasEmail || email == sub)`, `verified && (!hasEmail || email != "")`},
		{`c.has("_claim_names") || c.has("hasgroups")`, `c.has("hasgroups")`},
		{`c.has("_claim_names") || c.has("hasgroups")`, `c.has("_claim_names")`},
		{`utf8.RuneCountInString(s) > maxName`, `utf8.RuneCountInString(s) > 1<<20`},
		{`!unicode.IsPrint(r) || unicode.In`, `unicode.In`},
		{`if !isScope(scope) {`, `if false {`},
	}
}

func inKey() [][2]string {
	return [][2]string{
		{`case k.N.BitLen() < 2048:`, `case false:`},
		{`case k.E < 3 || k.E%2 == 0 || k.N.Bit(0) == 0:`, `case false:`},
		{`case looksLikeROCA(k.N):`, `case false:`},
		{`	if k.pss != nil {
		return k.verifySalt(raw)
	}
`, ``},
	}
}

func inKeyset() [][2]string {
	return [][2]string{
		{`if id := ids[i]; id != "" && count[id] > 1 {`, `if id := ids[i]; id != "" && count[id] > 99 {`},
		{`	if len(set.all) == 0 {
		return nil, errors.New("JWK set without a usable key")
	}
`, ``},
		{`slices.ContainsFunc(secretMembers(), members.has)`, `false`},
		{`members.has("use") && k.Use != "sig"`, `false`},
		{`members.has("key_ops") && !slices.Contains(ops, "verify")`, `false && !slices.Contains(ops, "verify")`},
		{`case k == nil || k.algorithm != alg:`, `case k == nil:`},
		{`		if only != nil {
			return nil, refuse(ReasonKeyMismatch)
		}
		only = k`, `		only = k`},
	}
}

func inKeys() [][2]string {
	return [][2]string{
		{`if set == nil || time.Since(set.began) > k.maxAge {`, `if set == nil {`},
		{`isReason(err, ReasonKeyUnknown) && k.await(ctx)`, `err != nil && k.await(ctx)`},
		{`if !k.asked.IsZero() && time.Since(k.asked) < triggerInterval {`, `if false {`},
		{`	if len(body) > maxBody {
		return nil, errors.New("JWK set over 1 MB")
	}
`, ``},
	}
}

func inFetch() [][2]string {
	return [][2]string{
		{`response.Body = http.MaxBytesReader(nil, response.Body, maxBody)`, ``},
		{`if r.URL.Scheme != first.Scheme || r.URL.Host != first.Host {`, `if r.URL.Scheme != first.Scheme {`},
		{`if found.Issuer != r.issuer {`, `if false {`},
		{`if response.StatusCode != http.StatusOK {`, `if false {`},
	}
}

func inIntrospection() [][2]string {
	return [][2]string{
		{`dots != 2 && dots != 4`, `dots != 2`},
		{`response.StatusCode != http.StatusOK || kind != "application/json"`, `response.StatusCode != http.StatusOK`},
		{`	default:
		return unavailable(ReasonNoIntrospection)
	}`, `	default:
	}`},
		{`claims.has("iss") && (!ok || iss != n.issuer)`, `false && (!ok || iss != n.issuer)`},
		{`if !ok || !strings.EqualFold(kind, "Bearer") && kind != "access_token" {`, `if ok && kind == "" {`},
		{`len(n.asking) >= maxAsking || `, ``},
		{`errors.New("redirect refused")`, `nil`},
	}
}

func inRevocations() [][2]string {
	return [][2]string{
		{`(r.Before.IsZero() || !who.Issued.After(r.Before))`, `!who.Issued.After(r.Before)`},
		{`r.Before = r.Before.Add(v.skew).Truncate(time.Second)`, `r.Before = r.Before.Truncate(time.Second)`},
		{`case named != 1:`, `case named > 1:`},
		{`if r.Before.After(now.Add(maxAhead)) {`, `if false {`},
	}
}
