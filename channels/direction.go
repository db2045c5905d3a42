package channels

import "strings"

// Direction of a language's usual script: "rtl" or "ltr".
func Direction(language string) string {
	base, _, _ := strings.Cut(language, "-")
	switch base {
	case "ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi", "prs", "azb", "rhg":
		return "rtl"
	}
	return "ltr"
}
