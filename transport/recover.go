package transport

import (
	"net/http"
	"runtime/debug"

	"github.com/go-chi/chi/v5/middleware"
)

// recoverPanics turns a panic before the answer into an internal error, and
// one after its first byte into a broken connection. Handlers of tools do not
// run under it: they have a goroutine, and a recover, of their own.
func (e *endpoint) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tracked := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			info, _ := InfoFrom(r.Context())
			e.Logger.Error("request panicked", "request_id", info.RequestID, "panic", p, "stack", string(debug.Stack()))
			if tracked.Status() != 0 {
				panic(http.ErrAbortHandler)
			}
			e.refuse(tracked, r, nil, Internal("panic"))
		}()
		next.ServeHTTP(tracked, r)
	})
}
