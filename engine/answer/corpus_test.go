package answer

import (
	"bufio"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestCorpus holds every reply of testdata/corpus.txt against its expected reading.
func TestCorpus(t *testing.T) {
	t.Parallel()
	replies := readCorpus(t)
	if len(replies) < 200 {
		t.Fatalf("only %d replies were read", len(replies))
	}
	for _, r := range replies {
		if got := r.read(); got != r.want {
			t.Errorf("corpus.txt:%d: %s, in %s: %q => %s, want %s", r.line, r.question, r.lang, r.text, got, r.want)
		}
	}
}

// A reply is one line of the corpus and what it stands under.
type reply struct {
	line           int
	question, lang string
	options        []Option
	choices        *Choices
	sensitive      bool
	text, want     string
}

func (r reply) read() string {
	if strings.HasPrefix(r.want, "several") {
		list, ok := r.choices.Several(r.lang, r.text)
		if !ok {
			return "several -"
		}
		got := "several"
		for _, i := range list {
			got += " " + r.options[i].ID
		}
		return got
	}
	m, ok := r.choices.Exact(r.lang, r.text)
	if !ok {
		m, ok = r.choices.Inexact(r.lang, r.text, r.sensitive)
	}
	switch {
	case !ok:
		return "-"
	case m.Ask:
		return r.options[m.Index].ID + " ask"
	case m.How == ByOtherLanguage:
		return r.options[m.Index].ID + " other"
	}
	return r.options[m.Index].ID + " " + m.How.String()
}

func readCorpus(t testing.TB) []reply {
	t.Helper()
	file, err := os.Open("testdata/corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var replies []reply
	var now reply
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		text, want, isReply := strings.Cut(line, " => ")
		name, isOptions := strings.CutPrefix(line, "options ")
		lang, isLang := strings.CutPrefix(line, "in ")
		switch {
		case line == "" || strings.HasPrefix(line, "#") && !isReply || strings.HasPrefix(line, "#   "):
		case isReply:
			now.line, now.text, now.want = n, text, want
			if strings.HasPrefix(text, `"`) {
				if now.text, err = strconv.Unquote(text); err != nil {
					t.Fatalf("corpus.txt:%d: %v", n, err)
				}
			}
			if now.choices == nil {
				now.choices = Prepare(now.options)
			}
			replies = append(replies, now)
		case isOptions:
			now = reply{question: name}
		case isLang:
			now.lang, now.sensitive = lang, false
		case line == "on a sensitive step":
			now.sensitive = true
		default:
			now.options = append(slices.Clip(now.options), readOption(t, n, line))
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return replies
}

func readOption(t testing.TB, n int, line string) Option {
	t.Helper()
	number, rest, ok1 := strings.Cut(line, " [")
	id, rest, ok2 := strings.Cut(rest, "] ")
	option := Option{ID: id}
	if option.Number, _ = strconv.Atoi(number); !ok1 || !ok2 {
		t.Fatalf("corpus.txt:%d: not a line of the corpus: %q", n, line)
	}
	for part := range strings.SplitSeq(rest, " | ") {
		lang, words, ok := strings.Cut(part, ": ")
		if !ok {
			t.Fatalf("corpus.txt:%d: no language in %q", n, part)
		}
		option.Words = append(option.Words, Words{Lang: lang, Exact: strings.FieldsFunc(words, func(r rune) bool {
			return r == ',' || r == '،'
		})})
	}
	return option
}
