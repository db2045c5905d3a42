package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxAnswer is the longest answer of a service, in bytes.
const maxAnswer = 4 << 10

// ReadAnswer reads what a service is to answer: a JSON object of at most 4 KiB. Errors say, in words for the one
// who wrote the file, what it is instead: "is no JSON object; it holds a list".
func ReadAnswer(r io.Reader) (map[string]any, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxAnswer {
		return nil, fmt.Errorf("is longer than an answer may be (%d bytes)", maxAnswer)
	}
	var answer map[string]any
	if err = json.Unmarshal(data, &answer); err == nil && answer != nil {
		return answer, nil
	}
	const no = "is no JSON object, such as {\"status\": \"open\"}"
	var syntax *json.SyntaxError
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf(no+"; it cannot be read from byte %d on", syntax.Offset)
	case errors.As(err, &other):
		return nil, errors.New(no + "; it holds " + kinds[other.Value])
	}
	return nil, errors.New(no)
}

// kinds of JSON values.
var kinds = map[string]string{"array": "a list", "string": "a text", "number": "a number", "bool": "a yes or no"}
