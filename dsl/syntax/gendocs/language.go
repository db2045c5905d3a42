package main

import (
	"fmt"
	"slices"
	"strings"

	"baraza/dsl/syntax"
	"baraza/engine/program/expression"
)

// statements is the table of one section of the language's lines.
func statements(_, section string) (string, error) {
	for title, heads := range syntax.Sections {
		if title != section {
			continue
		}
		groups := grouped(heads)
		where := slices.ContainsFunc(groups, func(g group) bool { return !slices.Equal(g.head.Below, groups[0].head.Below) })
		head := []string{"Line", "Means"}
		if where {
			head = append(head, "Stands")
		}
		rows := make([][]string, len(groups))
		for i, g := range groups {
			rows[i] = []string{g.shape(), g.head.Means}
			if where {
				rows[i] = append(rows[i], places(g.head.Below))
			}
		}
		return table(head, rows), nil
	}
	return "", fmt.Errorf("there is no section %q in the table of lines", section)
}

// group is a line, or lines that differ in one word: say image, say audio ….
type group struct {
	head  *syntax.Head
	kinds []string // the other words
}

func grouped(heads []*syntax.Head) []group {
	var out []group
	for _, h := range heads {
		if n := len(out); n > 0 && alike(out[n-1].head, h) {
			out[n-1].kinds = append(out[n-1].kinds, last(h.Keyword))
			continue
		}
		out = append(out, group{head: h})
	}
	return out
}

// media are the words in which such lines differ.
var media = []string{"location", "image", "audio", "video", "document", "sticker", "contact"}

// alike tells whether two lines are written alike but for what is sent.
func alike(a, b *syntax.Head) bool {
	word, other := last(a.Keyword), last(b.Keyword)
	return word != other && slices.Contains(media, word) && slices.Contains(media, other) && slices.Equal(a.Below, b.Below) &&
		strings.Replace(a.Shape, " "+word, " "+other, 1) == b.Shape
}

func last(keyword string) string {
	_, word, _ := strings.Cut(keyword, " ")
	return word
}

func (g group) shape() string {
	if len(g.kinds) == 0 {
		return code(g.head.Shape)
	}
	kinds := make([]string, len(g.kinds))
	for i, k := range g.kinds {
		kinds[i] = code(k)
	}
	return code(g.head.Shape) + "; and so " + strings.Join(kinds, ", ")
}

func places(below []syntax.Place) string {
	names := make([]string, len(below))
	for i, p := range below {
		names[i] = p.String()
	}
	return strings.Join(names, "; ")
}

// functions is the table of what expressions may call.
func functions(string, string) (string, error) {
	var rows [][]string
	for _, f := range expression.Functions() {
		rows = append(rows, []string{code(f.Signature()), f.Doc, f.Result, code(f.Example)})
	}
	return table([]string{"Function", "Gives", "Kind", "Example"}, rows), nil
}
