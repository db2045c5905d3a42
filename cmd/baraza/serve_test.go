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
	browser := &http.Client{Jar: jar, Timeout: 2 * time.Minute}
	if page := wrote(t, browser, phone, "hola", "Español"); page != "" {
		t.Fatalf("the pack for Ecuador does not answer:\n%s", page)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with: %v", err)
	}
}

// wrote writes on the phone at an address and waits until it shows a text; else it gives what it shows.
func wrote(t *testing.T, browser *http.Client, phone, text, shows string) string {
	t.Helper()
	page := fetched(t, browser, phone)
	person := regexp.MustCompile(`You are <bdi[^>]*>&#43;(\d+)`).FindStringSubmatch(page)
	at, err := url.Parse(phone)
	if person == nil || err != nil {
		t.Fatalf("the page does not say who one is: %v\n%s", err, page)
	}
	before := strings.Count(page, shows)
	response, err := browser.PostForm(at.JoinPath("write").String(),
		url.Values{"number": {at.Query().Get("number")}, "person": {"+" + person[1]}, "text": {text}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	// The page tells of each change, the first at once.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.JoinPath("changes").String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := (&http.Client{Timeout: 2 * time.Minute}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	for changes := bufio.NewScanner(stream.Body); changes.Scan(); {
		if page = fetched(t, browser, phone); strings.Count(page, shows) > before {
			return ""
		}
	}
	return page
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
