// Package terminal is `baraza chat`: a conversation by keyboard. With a terminal it edits lines, colours and
// shows markup; with piped input each line is one message and the output is a plain transcript.
package terminal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"baraza/simulator"
)

// Chat is one sitting.
type Chat struct {
	// Begin makes a fresh conversation, at the start and on :restart.
	Begin func() *simulator.Conversation
	In    io.Reader
	Out   io.Writer
	// Color is for a live terminal; what is piped is never coloured.
	Color bool
	Trace bool
	// Moves reads the clock of a live conversation; nil keeps it still but for :skip.
	Moves func(*simulator.Conversation)

	talk  *simulator.Conversation
	paint painter
	shown int // lines of the conversation that were printed
}

// lineLimit is the longest message that is read; the engine clips earlier and says so.
const lineLimit = 2 << 20

// Run talks until the input ends or the person quits. It is live where both ends are a terminal.
func (c *Chat) Run() error {
	in, out := terminalOf(c.In), terminalOf(c.Out)
	if in != nil && out != nil {
		c.paint = painter{color: c.Color, live: true, width: widest}
		c.start()
		return c.live(in, out)
	}
	c.start()
	lines := bufio.NewReaderSize(c.In, 64<<10)
	for {
		line, err := readLine(lines)
		if strings.TrimSpace(line) != "" {
			if quit := c.line(line); quit {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// terminalOf is f where it is a terminal, else nil.
func terminalOf(f any) *os.File {
	if file, ok := f.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return file
	}
	return nil
}

// readLine reads one line of at most lineLimit bytes; what is longer is an error, since half a message is none.
func readLine(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		part, more, err := r.ReadLine()
		b.Write(part)
		if b.Len() > lineLimit {
			return "", fmt.Errorf("a line of the input is longer than %d bytes", lineLimit)
		}
		if err != nil || !more {
			return b.String(), err
		}
	}
}

// live talks on a terminal, with a line editor and its history.
func (c *Chat) live(in, out *os.File) error {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return err
	}
	defer fmt.Fprintln(out)
	defer term.Restore(int(in.Fd()), before)
	screen := struct {
		io.Reader
		io.Writer
	}{in, out}
	editor := term.NewTerminal(screen, c.paint.prompt())
	editor.AutoCompleteCallback = complete
	c.Out = editor
	c.measure(editor, out)
	fmt.Fprintln(editor, c.paint.dim(c.paint.wrapped("Write the first message, as a person would. :help shows what else there is; Ctrl-D ends.")))
	for {
		line, err := editor.ReadLine()
		if errors.Is(err, term.ErrPasteIndicator) { // a pasted line is a line
			err = nil
		}
		if errors.Is(err, io.EOF) { // Ctrl-D or Ctrl-C
			return nil
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		c.measure(editor, out)
		if c.Moves != nil {
			c.Moves(c.talk)
		}
		if quit := c.line(line); quit {
			return nil
		}
	}
}

// widest is how wide a line gets on a wide screen: longer ones are hard to read.
const widest = 80

// measure takes the size that the window has now.
func (c *Chat) measure(editor *term.Terminal, out *os.File) {
	width, height, err := term.GetSize(int(out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return
	}
	_ = editor.SetSize(width, height)           // it fails only as writing to the screen does, which the next line reports
	c.paint.width = max(12, min(width, widest)) // the narrowest still has room behind "staff: "
}

// complete finishes the name of a command at Tab.
func complete(line string, pos int, key rune) (newLine string, newPos int, ok bool) {
	if key != '\t' || pos != len(line) || !strings.HasPrefix(line, ":") {
		return "", 0, false
	}
	var fits []string
	for _, k := range commands() {
		if strings.HasPrefix(k.name, line) {
			fits = append(fits, k.name)
		}
	}
	if len(fits) != 1 {
		return "", 0, false
	}
	done := fits[0] + " "
	return done, len(done), true
}

func (c *Chat) start() {
	c.talk = c.Begin()
	c.shown = 0
	if c.Trace {
		c.talk.Trace = c.trace
	}
}

// line is one message or command.
func (c *Chat) line(text string) (quit bool) {
	if isCommand(text) {
		return c.command(text)
	}
	if strings.HasPrefix(text, "::") { // a message that begins with a colon
		text = text[1:]
	}
	c.talk.Write(text)
	c.show()
	return false
}

// show prints what has been said since the last time.
func (c *Chat) show() {
	for ; c.shown < len(c.talk.Lines); c.shown++ {
		c.paint.line(c.Out, c.talk.Program, c.talk.Lines[c.shown], c.Trace)
	}
}
