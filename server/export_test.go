package server

import (
	"net/http"
	"time"
)

// AdminHandler lets tests outside of the package see what the admin listener serves.
func (s *Server) AdminHandler() http.Handler { return s.adminHandler() }

// LookEvery sets how often the policy files are looked at. It is for Config.Made.
func (s *Server) LookEvery(interval time.Duration) { s.store.interval = interval }
