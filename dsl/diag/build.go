package diag

import "fmt"

// New makes a diagnostic; format and args give its message. What else it says is added with WithHelp, WithNote
// and WithFix, which return copies and so can be chained.
func New(sev Severity, code string, span Span, format string, args ...any) Diagnostic {
	return Diagnostic{Code: code, Severity: sev, Message: sentence(format, args), Span: span}
}

// WithHelp adds a sentence: a fact, or what to write.
func (d Diagnostic) WithHelp(format string, args ...any) Diagnostic {
	d.Help = appendCopy(d.Help, sentence(format, args))
	return d
}

// WithHelps adds sentences made elsewhere, such as those of Suggest.
func (d Diagnostic) WithHelps(sentences ...string) Diagnostic {
	d.Help = appendCopy(d.Help, sentences...)
	return d
}

// WithNote adds a second place that takes part, such as the first of two equal names.
func (d Diagnostic) WithNote(span Span, format string, args ...any) Diagnostic {
	d.Notes = appendCopy(d.Notes, Note{Span: span, Message: sentence(format, args)})
	return d
}

// WithFix says which bytes to replace with text. Safe means that it can be applied without a look. Where the
// fix stays within one line, Render shows the changed line by itself, so no help has to repeat it.
func (d Diagnostic) WithFix(span Span, text string, safe bool) Diagnostic {
	d.Fix = &Fix{Span: span, Text: text, Safe: safe}
	return d
}

// sentence leaves a format without arguments as it is, so that a % out of a writer's text does no harm.
func sentence(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// appendCopy never writes into the array of the slice it was given: copies of a diagnostic share it.
func appendCopy[T any](s []T, more ...T) []T {
	return append(s[:len(s):len(s)], more...)
}
