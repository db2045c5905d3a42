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

// Run talks until the input ends or the person quits.
func (c *Chat) Run() error {
	c.paint = painter{color: c.Color, width: 78}
	c.start()
	if file, ok := c.In.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return c.live(file)
	}
	lines := bufio.NewReaderSize(c.In, 64<<10)
	for {
		line, err := readLine(lines)
		if strings.TrimSpace(line) != "" {
			if !isCommand(line) {
				fmt.Fprintln(c.Out, "> "+line)
			}
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
func (c *Chat) live(file *os.File) error {
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return err
	}
	defer term.Restore(int(file.Fd()), before)
	screen := struct {
		io.Reader
		io.Writer
	}{file, c.Out}
	editor := term.NewTerminal(screen, c.paint.prompt())
	if width, height, err := term.GetSize(int(file.Fd())); err == nil && width > 20 {
		editor.SetSize(width, height)
		c.paint.width = min(width-2, 78)
	}
	c.Out = editor
	fmt.Fprintln(editor, c.paint.dim("Write the first message, as a person would. :help shows what else there is; Ctrl-D ends."))
	for {
		line, err := editor.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		if c.Moves != nil {
			c.Moves(c.talk)
		}
		if quit := c.line(line); quit {
			return nil
		}
	}
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
	c.talk.Write(strings.TrimPrefix(text, ":"))
	c.show()
	return false
}

// show prints what has been said since the last time.
func (c *Chat) show() {
	for ; c.shown < len(c.talk.Lines); c.shown++ {
		c.paint.line(c.Out, c.talk.Program, c.talk.Lines[c.shown], c.Trace)
	}
}
