package page

// Patterns are those of all pages.
func Patterns() (all []string) {
	for _, one := range routes() {
		all = append(all, one.pattern)
	}
	return all
}

// Parts cuts a text into pieces.
func Parts(text, other string) []piece { return parts(text, other) }

// ScriptPath is the address of the one script.
var ScriptPath = scriptPath
