package diag_test

import (
	"os"

	"baraza/dsl/diag"
)

type pack map[string]string

func (p pack) Source(file string) ([]byte, bool) {
	text, ok := p[file]
	return []byte(text), ok
}

func ExampleRender() {
	src := pack{"clinic.flow": "flow clinic: Clinic\n\nstep welcome\n  say: Hello.\n  -> welcom\n"}
	span := diag.Span{File: "clinic.flow", Start: 53, End: 59}
	problem := diag.New(diag.Error, "unknown-step", span, "there is no step called %q", "welcom").
		WithHelps(diag.Suggest("step", "welcom", []string{"welcome"}, nil)...).
		WithFix(span, "welcome", true)
	diag.Render(os.Stdout, diag.List{problem}, src, diag.Options{Max: diag.DefaultMax})
	// Output:
	// clinic.flow:5: there is no step called "welcom"
	//   5 |   -> welcom
	//     |      ^^^^^^
	//     = A step with a similar name exists: welcome.
	//     = Change the line to:  -> welcome
	//     = More about this: baraza explain unknown-step
	//
	// 1 error
}
