package runner

import "errors"

var (
	errNoChannel   = errors.New("no such channel")
	errNoFetcher   = errors.New("nothing asks other systems here")
	errNoService   = errors.New("the program has no such service")
	errFetchPanic  = errors.New("the fetch panicked")
	errNoticePanic = errors.New("the notice panicked")
)
