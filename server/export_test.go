package server

import "net/http"

// AdminHandler lets tests outside of the package see what the admin listener serves.
func (s *Server) AdminHandler() http.Handler { return s.adminHandler() }
