package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"baraza/channels/capability"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
)

// media looks at the files that a flow sends: that they are there, and that every channel takes them. A channel
// that shows no media at all gets the caption.
func media(c *flow) {
	for _, s := range c.flow.Steps {
		if s.Audio != nil {
			c.mediaFile(s.Audio, capability.Audio, s.Audio.Head.(*ast.Mark).Path)
		}
	}
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		switch h := l.Head.(type) {
		case *ast.Say:
			switch kind := capability.Kind(h.Kind); kind {
			case capability.Image, capability.Audio, capability.Video, capability.Document, capability.Sticker:
				c.mediaFile(l, kind, h.Path)
			}
		case *ast.Prop:
			if h.Name == "image" {
				c.mediaFile(l, capability.Image, h.Path)
			}
		}
	})
}

// mediaFile checks one file and its twins of other languages.
func (c *flow) mediaFile(l *ast.Line, kind capability.Kind, name string) {
	at := c.pathSpan(l, name)
	files := c.mediaFiles(name)
	if len(files) == 0 {
		var known []string
		for f := range c.pack.Media {
			known = append(known, f)
		}
		slices.Sort(known)
		c.add(diag.New(diag.Error, "media-missing", at, "there is no file called %q", name).
			WithHelps(diag.Suggest("file", name, known, nil)...).
			WithHelp("Paths are counted from the folder of pack.flow, such as media/map.png, and capital letters matter."))
		return
	}
	for _, f := range files {
		for _, ch := range c.channels {
			if len(ch.Media) > 0 && !c.taken(at, ch, kind, f) {
				return
			}
		}
	}
}

// mediaFiles are the files that a path stands for: that of each language, and the one for all others.
func (c *flow) mediaFiles(name string) []string {
	below := strings.TrimPrefix(name, "media/")
	prefix, _, _ := strings.Cut(c.flow.File.Name, path.Base(c.flow.File.Name))
	if c.flow.Lib == "" {
		prefix = ""
	}
	var files []string
	for _, f := range append([]string{"media/" + below}, each(c.pack.Languages, func(lang string) string { return "media/" + lang + "/" + below })...) {
		if _, ok := c.pack.Media[prefix+f]; ok {
			files = append(files, prefix+f)
		}
	}
	return files
}

func each(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}

func (c *flow) taken(at diag.Span, ch capability.Channel, kind capability.Kind, file string) bool {
	limit, ok := ch.MediaOf(kind)
	if !ok {
		c.add(diag.New(diag.Error, "media-type", at, "%s cannot show %s", ch.Title, plural(kind)).
			WithHelp("Say it in words, or send it as a document."))
		return false
	}
	extension := strings.ToLower(strings.TrimPrefix(path.Ext(file), "."))
	if !limit.Takes(extension) {
		what := fmt.Sprintf("files of the type %q", extension)
		if extension == "" {
			what = "a file without a type in its name"
		}
		c.add(diag.New(diag.Error, "media-type", at, "%s cannot show %s as %s", ch.Title, what, plural(kind)).
			WithHelp("Save it as one of: %s.", strings.Join(limit.Types, ", ")))
		return false
	}
	if size := c.pack.Media[file]; size > limit.MaxBytes {
		c.add(diag.New(diag.Error, "media-too-large", at, "%q has %s, and %s allows %s", file, bytes(size), ch.Title, bytes(limit.MaxBytes)).
			WithHelp("Save it with less quality or in a smaller size. People pay for what they load."))
		return false
	}
	return true
}

func plural(kind capability.Kind) string {
	if kind == capability.Audio {
		return "recordings"
	}
	return string(kind) + "s"
}

// bytes as people read them.
func bytes(n int64) string {
	if n >= 1_000_000 {
		return fmt.Sprintf("%.1f MB", float64(n)/1_000_000)
	}
	return fmt.Sprintf("%d kB", (n+999)/1000)
}

// pathSpan is the place of the path in its line; the line where it cannot be found.
func (c *flow) pathSpan(l *ast.Line, name string) diag.Span {
	at := span(l)
	if at.Start >= 0 && at.End <= len(c.flow.File.Source) && at.Start <= at.End {
		if i := strings.Index(string(c.flow.File.Source[at.Start:at.End]), name); i >= 0 && name != "" {
			return diag.Span{File: at.File, Start: at.Start + i, End: at.Start + i + len(name)}
		}
	}
	return at
}
