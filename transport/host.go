package transport

import "net/http"

// checkHost refuses a Host that is not one of hosts. A web page that had its
// own name resolved to this address (DNS rebinding) is told apart by it. A target
// with user information is refused too: it makes one host look like another (RFC
// 9110, section 4.2.4).
func (e *endpoint) checkHost(hosts func(host string) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !hosts(r.Host) || r.URL.User != nil {
				e.refuse(w, r, nil, plain(http.StatusForbidden, http.StatusForbidden, "host not allowed", "host"))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
