package ratelimit

import (
	"net"
	"net/netip"
)

// Unknown is the network of everything that is no IP address.
const Unknown = "other"

// Network returns the address without its port, and of IPv6 the /64 that one
// caller usually holds whole. What is no address is [Unknown].
func Network(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return Unknown
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	network := netip.PrefixFrom(address, 64).Masked()
	return network.String()
}
