package web

import (
	"encoding/json"

	"baraza/engine"
)

// Shown is a message as the tester's page gets it, without its number and time.
func Shown(o *engine.Outgoing) (map[string]any, error) {
	b, err := json.Marshal(message(o, func(engine.Media) string { return "" }))
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(b, &m)
}

// Connections are those that are open.
func Connections(s *Server) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}
