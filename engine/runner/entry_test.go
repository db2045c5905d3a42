package runner

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnEntryIsWrittenAsTheStandardLibraryWritesIt(t *testing.T) {
	t.Parallel()
	place := 4.5
	for name, e := range map[string]Entry{
		"nothing":  {},
		"a text":   {Text: "a \"word\"\n<b> \u2028 \xff"},
		"options":  {Text: "Which?", Options: []string{"one", "", "t\\wo"}},
		"one":      {Options: []string{""}},
		"the rest": {Token: "t", Media: "image", MediaID: "m", Template: "p", Code: "c", Subject: "s", About: "a", Kind: "message"},
		"a place":  {Text: "here", Lat: &place, Lon: &place},
		"raw":      {Code: "c", Raw: []byte("{}"), Kind: "k"},
	} {
		want, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.appendJSON([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("before"+string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
