package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A newcomer starts one command, opens the page it prints, writes, and reads the answer.
func TestServeDevAnswersOnTheFakePhone(t *testing.T) {
	t.Parallel()
	reading, writing := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	command := serve{Dev: true, Packs: "../../flows", Addr: "127.0.0.1:0"}
	go func() {
		err := command.develop(ctx, streams{strings.NewReader(""), writing, writing})
		writing.CloseWithError(io.EOF)
		ended <- err
	}()
	lines := bufio.NewScanner(reading)
	phone := ""
	for phone == "" && lines.Scan() {
		if m := regexp.MustCompile(`^  ec +(http://\S+)$`).FindStringSubmatch(lines.Text()); m != nil {
			phone = m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, reading) }()
	if phone == "" {
		t.Fatalf("no phone was printed; it ended with %v", <-ended)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	page := fetched(t, browser, phone)
	person := regexp.MustCompile(`You are <bdi[^>]*>&#43;(\d+)`).FindStringSubmatch(page)
	if person == nil {
		t.Fatalf("the page does not say who one is:\n%s", page)
	}
	at, err := url.Parse(phone)
	if err != nil {
		t.Fatal(err)
	}
	response, err := browser.PostForm(at.JoinPath("write").String(),
		url.Values{"number": {at.Query().Get("number")}, "person": {"+" + person[1]}, "text": {"hola"}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	// The page tells of each change, the first at once.
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.JoinPath("changes").String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := (&http.Client{Timeout: 20 * time.Second}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	changes, answered := bufio.NewScanner(stream.Body), false
	for !answered && changes.Scan() {
		answered = strings.Contains(fetched(t, browser, phone), "Español")
	}
	if !answered {
		t.Fatalf("the pack for Ecuador does not answer:\n%s", fetched(t, browser, phone))
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with: %v", err)
	}
}

func fetched(t *testing.T, browser *http.Client, address string) string {
	t.Helper()
	response, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
