package audit

// Line is a record with a hash that is right in itself.
func Line(r Record) []byte {
	b, err := r.line()
	if err != nil {
		panic(err)
	}
	return b
}
