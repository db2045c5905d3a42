package release

import (
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxDepth is how many folders deep a file may lie in a bundle.
const maxDepth = 12

// nameSet holds names that can all lie in one folder of any computer: none leads out of it, and no two of them are
// the same where case or the form of accents does not count.
type nameSet struct {
	files   map[string]bool
	folders map[string]string // as they are written
}

// add takes a name, or says why it cannot be one.
func (s *nameSet) add(name string) error {
	if why := badName(name); why != "" {
		return refused("%q %s", clip(name), why)
	}
	if s.files == nil {
		s.files, s.folders = map[string]bool{}, map[string]string{}
	}
	if s.files[folded(name)] || s.folders[folded(name)] != "" {
		return refused("%q is there twice, or differs from another name in capitals only", clip(name))
	}
	s.files[folded(name)] = true
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if s.files[folded(dir)] {
			return refused("%q lies below a file", clip(name))
		}
		if other := s.folders[folded(dir)]; other != "" && other != dir {
			return refused("the folder of %q differs from another one in capitals only", clip(name))
		}
		s.folders[folded(dir)] = dir
	}
	return nil
}

// folded is a name as computers compare it that mind neither case nor the form of accents.
func folded(name string) string {
	return strings.ToLower(norm.NFC.String(strings.ToUpper(norm.NFC.String(name))))
}

// badName says what is wrong with a name; "" where nothing is.
func badName(name string) string {
	switch {
	case len(name) > maxName:
		return "is too long a name"
	case !utf8.ValidString(name) || !fs.ValidPath(name) || name == ".":
		return "is no name of a file below this folder"
	case strings.Count(name, "/") > maxDepth:
		return "lies too deep"
	case strings.ContainsAny(name, `\:*?"<>|`):
		return "has a character that not every computer takes"
	case strings.ContainsFunc(name, isUnseen):
		return "has a character that cannot be seen"
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") || strings.HasPrefix(part, " ") {
			return "has a part that begins or ends with a space, or ends with a full stop"
		}
		if stem, _, _ := strings.Cut(part, "."); devices[strings.ToUpper(stem)] {
			return "is the name of a device on some computers"
		}
	}
	return ""
}

// isUnseen says that a character does something to the text around it instead of being seen. Four of the kind are needed
// to write some languages well.
func isUnseen(r rune) bool { return !unicode.IsGraphic(r) && (r < '\u200c' || r > '\u200f') }

// devices are names that are no files on Windows, whatever their ending.
var devices = func() map[string]bool {
	all := map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true}
	for _, n := range "123456789" {
		all["COM"+string(n)], all["LPT"+string(n)] = true, true
	}
	return all
}()
