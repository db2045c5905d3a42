// Command baraza checks, runs and shows conversational flows. Each command has a file of its own; this one has
// the table of them.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// commands is the table: a field is a command, its help the sentence that --help prints.
type commands struct {
	Chat    chat    `cmd:"" help:"Talk to a pack in this terminal; with piped input, each line is one message."`
	Check   check   `cmd:"" help:"Say everything that is wrong with a pack."`
	Explain explain `cmd:"" help:"Explain a problem by its code, such as unknown-step."`
	Fmt     format  `cmd:"" help:"Print flow files in the one canonical form."`
	Graph   draw    `cmd:"" help:"Draw the flows of a pack."`
	Strings catalog `cmd:"" help:"Print the texts of a pack as a translation template."`
	Test    tests   `cmd:"" help:"Run the test blocks of a pack."`

	Whatsapp whatsappCommand `cmd:"" help:"Show what WhatsApp says and hears, and run a fake one."`
}

// Exit codes, the same for every command.
const (
	exitClean  = 0 // nothing to say
	exitFound  = 1 // the pack has problems, a test did not pass, a file is not formatted
	exitCannot = 2 // the command could not run: wrong words, no such folder
)

func main() {
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// streams are the three of a command, so that tests can be their other end.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// isTerminal reports whether f is one.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// color says whether to colour what goes to f: a terminal, unless NO_COLOR is set (no-color.org).
func color(f io.Writer) bool {
	return isTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// found is the error of a command that ran and found something; what it found has been printed.
var found = errors.New("found")

// asked is the panic value that stops parsing after --help has printed.
type asked int

func run(args []string, s streams) (code int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case asked:
			code = int(r)
		default:
			panic(r)
		}
	}()
	parser, err := kong.New(&commands{},
		kong.Name("baraza"),
		kong.Description("Conversational flows that read like a screenplay.\n\nStart with: baraza chat flows/ec"),
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { panic(asked(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(s.err, "baraza:", err)
		return exitCannot
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(s.err, "baraza: %s\n", plain(err))
		fmt.Fprintln(s.err, "Run \"baraza --help\" to see the commands, \"baraza COMMAND --help\" for one.")
		return exitCannot
	}
	switch err := ctx.Run(s); {
	case err == nil:
		return exitClean
	case errors.Is(err, found):
		return exitFound
	default:
		fmt.Fprintf(s.err, "baraza: %s\n", err)
		return exitCannot
	}
}

// plain turns the command line parser's words into a sentence.
func plain(err error) string {
	text := err.Error()
	if i := strings.Index(text, ", did you mean "); i >= 0 {
		return text[:i] + " (" + text[i+2:] + ")"
	}
	return text
}
