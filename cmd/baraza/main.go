// Command baraza checks, runs and shows conversational flows. Each command has a file of its own; this one has
// the table of them.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	_ "time/tzdata" // packs name time zones, and an image without a system has none

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// commands is the table: a field is a command, its help the sentence that --help prints.
type commands struct {
	Demo    demo         `cmd:"" help:"Try packs in a browser, as a tester and as a designer."`
	Chat    chat         `cmd:"" help:"Talk to a pack in this terminal; with piped input, each line is one message."`
	Check   check        `cmd:"" help:"Say everything that is wrong with a pack."`
	Explain explain      `cmd:"" help:"Explain a problem by its code, such as unknown-step."`
	Fmt     format       `cmd:"" help:"Print flow files in the one canonical form."`
	Graph   draw         `cmd:"" help:"Draw the flows of a pack."`
	Lsp     editors      `cmd:"" help:"Answer an editor: problems while you type, completion, names. Editors start it."`
	Round   roundCommand `cmd:"" help:"Invite people to try a pack, and tell what they found."`
	Strings catalog      `cmd:"" help:"Print the texts of a pack as a translation template."`
	Test    tests        `cmd:"" help:"Run the test blocks of a pack."`

	Release releaseCommand `cmd:"" help:"Make, sign and check bundles: packs as they are released."`

	Serve    serve           `cmd:"" help:"Serve packs to people; --dev tries them with a fake WhatsApp."`
	Case     caseCommand     `cmd:"" help:"Answer people who were handed over to a team."`
	Contact  contactCommand  `cmd:"" help:"Find, show, copy and erase one person."`
	Incident incidentCommand `cmd:"" help:"Freeze a country in an emergency, and serve it again."`
	Outbox   outboxCommand   `cmd:"" help:"See to messages that did not go out."`
	Sender   senderCommand   `cmd:"" help:"See to numbers and accounts that hold back."`
	Report   reportCommand   `cmd:"" help:"See what operators should see."`
	Store    storeCommand    `cmd:"" help:"Check, count, back up, restore and compact what is kept."`
	Key      keyCommand      `cmd:"" help:"Make, list and rotate the keys of countries."`
	Audit    auditCommand    `cmd:"" help:"See who did what, and whether that log is as it was written."`
	Account  accountCommand  `cmd:"" help:"Invite operators to the console, and see to their accounts."`
	Bench    benchmark       `cmd:"" help:"Measure what this machine carries."`

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

// errFound is the error of a command that ran and found something; what it found has been printed.
var errFound = errors.New("found")

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
	)
	if err != nil {
		fmt.Fprintln(s.err, "baraza:", err)
		return exitCannot
	}
	ctx, err := parser.Parse(meant(args))
	if err != nil {
		fmt.Fprintf(s.err, "baraza: %s\n", plain(err))
		fmt.Fprintln(s.err, "Run \"baraza --help\" to see the commands, \"baraza COMMAND --help\" for one.")
		return exitCannot
	}
	switch err := ctx.Run(s); {
	case err == nil:
		return exitClean
	case errors.Is(err, errFound):
		return exitFound
	default:
		fmt.Fprintf(s.err, "baraza: %s\n", err)
		return exitCannot
	}
}

// meant are the words of a command line as people mean them who are used to other programs: "help check",
// "check -strict".
func meant(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	}
	args = slices.Clone(args)
	for i, a := range args {
		if oneDash.MatchString(a) {
			args[i] = "-" + a
		}
	}
	return args
}

var oneDash = regexp.MustCompile(`^-[a-z][a-z]+(=.*)?$`)

// shapes are the command line parser's words and ours for them.
var shapes = []struct {
	theirs *regexp.Regexp
	ours   string
}{
	{regexp.MustCompile(`^unexpected argument (\S+), did you mean "(.+)"\?$`), `there is no command "$1"; a command with a similar name is "$2"`},
	{regexp.MustCompile(`^unexpected argument (\S+), did you mean one of (.+)\?$`), `there is no command "$1"; commands with similar names are $2`},
	{regexp.MustCompile(`^unexpected argument (.+)$`), `"$1" is one word too many, or no command`},
	{regexp.MustCompile(`^unknown flag (\S+), did you mean "(.+)"\?$`), `there is no flag "$1"; a flag with a similar name is "$2"`},
	{regexp.MustCompile(`^unknown flag (\S+), did you mean one of (.+)\?$`), `there is no flag "$1"; flags with similar names are $2`},
	{regexp.MustCompile(`^unknown flag (\S+)$`), `there is no flag "$1"`},
	{regexp.MustCompile(`^expected "<pack>.*$`), `say which pack, such as flows/ec`},
	{regexp.MustCompile(`^expected "<case>.*$`), `say which case, such as K7F3-2; baraza case list prints them`},
	{regexp.MustCompile(`^expected "<channel> <identity>"$`), `say on which channel and under which name, such as whatsapp "+593 99 000 0001"`},
	{regexp.MustCompile(`^expected "<identity>"$`), `say under which name, such as "+593 99 000 0001"`},
	{regexp.MustCompile(`^expected "<dir>.*$`), `say which folder`},
	{regexp.MustCompile(`^expected "<bundle>.*$`), `say which bundle; baraza release build makes one`},
	{regexp.MustCompile(`^expected "<file>"$`), `say which file`},
	{regexp.MustCompile(`^expected "<country>.*$`), `say which country, as the configuration names it`},
	{regexp.MustCompile(`^expected "<name>"$`), `say which account, such as rosa.benitez`},
	{regexp.MustCompile(`^expected "<name> <token>"$`), `say which account and which of its tokens; baraza account list --json prints them`},
	{regexp.MustCompile(`^expected "<token>"$`), `say which token, by its name; baraza account list --json prints them`},
	{regexp.MustCompile(`^expected "<step>"$`), `say which step, as FLOW.STEP`},
	{regexp.MustCompile(`^expected "<release>.*$`), `say which release: its hash or the beginning of it; baraza release list prints them`},
	{regexp.MustCompile(`^expected "<sender>.*$`), `say which sender, as pack/channel/account; baraza sender list prints them`},
	{regexp.MustCompile(`^expected "(\w+)"$`), `say what to do: $1`},
	{regexp.MustCompile(`^expected one of (.+)$`), `say what to do: one of $1`},
	{regexp.MustCompile(`^\[<number> .*got "(.*)"$`), `"$1" is no number of a dead letter; baraza outbox list prints them`},
	{regexp.MustCompile(`^missing flags: (--\S+)=.*$`), `$1 is needed`},
	{regexp.MustCompile(`^(--\S+): expected \S+ value but got ("EOL"|"--?[\w-]+" \(\w+ flag\)).*$`), `$1 needs a value behind it`},
	{regexp.MustCompile(`^(--\S+) must be one of (.+) but got "(.*)"$`), `$1 takes one of $2, not "$3"`},
	{regexp.MustCompile(`^(--\S+): expected "<key>=<value>" but got "(.*)"$`), `write $1 as NAME=VALUE, not "$2"`},
}

// plain turns the command line parser's words into a sentence.
func plain(err error) string {
	text := err.Error()
	for _, s := range shapes {
		if s.theirs.MatchString(text) {
			return s.theirs.ReplaceAllString(text, s.ours)
		}
	}
	return text
}
