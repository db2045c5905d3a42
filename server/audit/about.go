package audit

// Each gives every record of the log, the first one first. It reads the file beside who writes to it.
func (l *Log) Each(visit func(Record)) error {
	_, err := Verify(l.path, "", visit)
	return err
}
