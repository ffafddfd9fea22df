package server

import "github.com/sallyport-mcp/sallyport/transport"

// NotifyToolsChanged tells clients that listen that the tools of these names are
// not what they were (MCP 2026-07-28, "Subscriptions"; in older revisions
// notifications/tools/list_changed). Without a name it means any of them. Only
// callers who see one of them on their list are told, so that nobody learns of
// what is not theirs. It returns at once and may be called from anywhere, also
// before the first client is there. A change of the policy needs no such call.
// A program that runs by package cli gets its server from Config.Made.
func (s *Server) NotifyToolsChanged(names ...string) {
	s.announce(transport.Change{Kind: transport.ToolsChanged, Names: names})
}

// NotifyPromptsChanged is like [Server.NotifyToolsChanged] for prompts.
func (s *Server) NotifyPromptsChanged(names ...string) {
	s.announce(transport.Change{Kind: transport.PromptsChanged, Names: names})
}

// NotifyResourcesChanged is like [Server.NotifyToolsChanged] for resources and
// resource templates, named by URI or URI template as declared.
func (s *Server) NotifyResourcesChanged(uris ...string) {
	s.announce(transport.Change{Kind: transport.ResourcesChanged, Names: uris})
}

// NotifyResourceUpdated tells clients that subscribed to the resource of this URI,
// and may read it now, that what it holds has changed.
func (s *Server) NotifyResourceUpdated(uri string) {
	s.announce(transport.Change{Kind: transport.ResourceUpdated, Names: []string{uri}})
}

func (s *Server) announce(c transport.Change) {
	s.endpoint().Announce(c)
}
