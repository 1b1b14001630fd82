package scenarios

// Position finds a path of keys (string) and indexes (int) in the scenario's file, as in
//
//	s.Position("phases", 1, "faults", 0, "on")
//	s.Position("topology", "orders", "endpoints", "POST /orders/{id}", 2)
//
// It is a scalar's own place, or the key of a list or mapping. What the file does not have is
// where the last of its parents stands. What a variant or template brought stands there. A
// Scenario that was not parsed has no file; its positions are zero but for its name as the file.
func (s *Scenario) Position(path ...any) Position {
	if s.root == nil {
		return Position{File: s.Name}
	}
	at := s.root.walk(path)
	return Position{s.file, at.line, at.column}
}
