package boltstore

import "time"

// CutOff closes the file below the store, so that its next commit fails in the middle.
func (s *Store) CutOff() { _ = s.file.Close() }

// Impatient has a commit cut off backups after so long.
func (s *Store) Impatient(d time.Duration) { s.patience = d }
