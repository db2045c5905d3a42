package lsp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// What one message may be at most. An editor sends whole files, and the largest that a pack takes has 8 MiB; as
// JSON it is larger.
const (
	maxMessage = 32 << 20 // bytes
	maxHeader  = 4 << 10  // bytes of the lines before it
	maxNesting = 64       // objects and lists within each other
)

// Messages is a channel of whole messages, each one JSON value. ReadMessage gives io.EOF after the last. One
// goroutine reads and one writes at a time.
type Messages interface {
	ReadMessage() ([]byte, error)
	WriteMessage([]byte) error
	io.Closer
}

// What ends a session because of what it was sent.
var (
	errFraming  = errors.New("this is not what a language server is sent: a line like \"Content-Length: 120\" comes before each message")
	errTooLarge = fmt.Errorf("a message is larger than %d MB", maxMessage>>20)
)

// Framed are messages as they come over standard input and output, each after lines such as "Content-Length: 120".
func Framed(r io.Reader, w io.Writer, close func() error) Messages {
	return &framed{in: bufio.NewReader(r), out: w, close: close}
}

type framed struct {
	in    *bufio.Reader
	out   io.Writer
	close func() error
}

func (f *framed) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

func (f *framed) ReadMessage() ([]byte, error) {
	length, err := f.header()
	if err != nil {
		return nil, err
	}
	// The buffer grows with what arrives, not with what was announced.
	var b bytes.Buffer
	if _, err := io.CopyN(&b, f.in, int64(length)); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return b.Bytes(), nil
}

// header reads the lines before a message and gives its length.
func (f *framed) header() (int, error) {
	length, read := -1, 0
	for {
		line, err := f.in.ReadSlice('\n')
		read += len(line)
		switch {
		case err == io.EOF && read == 0:
			return 0, io.EOF
		case err != nil || read > maxHeader:
			return 0, errFraming
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			break
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			return 0, errFraming
		}
		if strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil || n < 0 {
				return 0, errFraming
			}
			if n > maxMessage {
				return 0, errTooLarge
			}
			length = n
		}
	}
	if length < 0 {
		return 0, errFraming
	}
	return length, nil
}

func (f *framed) WriteMessage(m []byte) error {
	head := fmt.Appendf(make([]byte, 0, 32+len(m)), "Content-Length: %d\r\n\r\n", len(m))
	_, err := f.out.Write(append(head, m...))
	return err
}

// stream gives messages to the JSON-RPC library, none of which is too large or nested too deep. One that cannot be
// read is answered with an error, and the next is read.
type stream struct {
	messages Messages
	writing  sync.Mutex
	// end is called once no more can be read. It returns when all that was read is answered.
	end   func()
	ended error // why no more is read; for others after end was called
}

// refused is why the session ended, where that was for what was sent; nil where the editor is gone.
func (s *stream) refused() error {
	if errors.Is(s.ended, errFraming) || errors.Is(s.ended, errTooLarge) {
		return s.ended
	}
	return nil
}

func (s *stream) WriteObject(v any) error {
	m, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.messages.WriteMessage(m)
}

func (s *stream) ReadObject(v any) error {
	for {
		m, err := s.messages.ReadMessage()
		if err == nil && len(m) > maxMessage {
			err = errTooLarge
		}
		if err != nil {
			s.ended = err
			s.end()
			return err
		}
		if shallow(m) && json.Unmarshal(m, v) == nil {
			return nil
		}
		if err := s.WriteObject(unreadable); err != nil {
			return err
		}
	}
}

func (s *stream) Close() error { return s.messages.Close() }

// unreadable answers what is no message.
var unreadable = json.RawMessage(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"this message cannot be read"}}`)

// shallow tells whether a JSON value is nested no deeper than it may be. It reads each byte once.
func shallow(m []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(m); i++ {
		switch c := m[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}
