package boltstore

// CutOff closes the file below the store, so that its next commit fails in the middle.
func (s *Store) CutOff() { _ = s.file.Close() }
