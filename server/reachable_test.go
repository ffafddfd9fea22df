package server_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// reachable collects every text that can be found from a value: through pointers, interfaces and fields, exported or
// not. It is for a handler's context and request. It stops at the process's own HTTP server, from which all
// connections are reachable, and at locks, which others may hold.
type reachable struct {
	texts strings.Builder
	seen  map[visit]bool
}

type visit struct {
	at  uintptr
	typ reflect.Type
}

// from returns all texts that are reachable from the values.
func from(values ...any) string {
	r := &reachable{seen: map[visit]bool{}}
	for _, v := range values {
		r.walk(reflect.ValueOf(v))
	}
	return r.texts.String()
}

func (r *reachable) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		r.texts.WriteString(v.String())
		r.texts.WriteByte('\n')
	case reflect.Pointer:
		if !v.IsNil() && r.first(v.Pointer(), v.Type()) && v.Type() != reflect.TypeFor[*http.Server]() {
			r.walk(v.Elem())
		}
	case reflect.Interface:
		r.walk(v.Elem())
	case reflect.Map:
		if r.first(v.Pointer(), v.Type()) {
			for all := v.MapRange(); all.Next(); {
				r.walk(all.Key())
				r.walk(all.Value())
			}
		}
	case reflect.Slice, reflect.Array:
		r.list(v)
	case reflect.Struct:
		r.fields(v)
	}
}

// first tells whether a place was not visited before.
func (r *reachable) first(at uintptr, t reflect.Type) bool {
	was := r.seen[visit{at, t}]
	r.seen[visit{at, t}] = true
	return !was
}

func (r *reachable) list(v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		for i := range v.Len() {
			r.texts.WriteByte(byte(v.Index(i).Uint()))
		}
		r.texts.WriteByte('\n')
		return
	}
	for i := range v.Len() {
		r.walk(v.Index(i))
	}
}

// fields walks a struct. Of a context only what it hands on counts, not who waits for its end.
func (r *reachable) fields(v reflect.Value) {
	pkg := v.Type().PkgPath()
	if strings.HasPrefix(pkg, "sync") || strings.HasPrefix(pkg, "internal/") && !strings.Contains(pkg, "sallyport") {
		return
	}
	for i := range v.NumField() {
		if pkg != "context" || slices.Contains([]string{"Context", "cancelCtx", "c", "key", "val"}, v.Type().Field(i).Name) {
			r.walk(v.Field(i))
		}
	}
}
