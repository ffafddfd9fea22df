// Package loopback tells which hosts are this machine: where plain http is good enough, and where nothing that comes from elsewhere may lead.
package loopback

import "net/netip"

// Is reports whether host, which has no port and no brackets, can only be reached from this machine. A name other than localhost is never
// trusted to stay where it points.
func Is(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
