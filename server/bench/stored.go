package bench

import "context"

// Stored is the cost of a turn among so many conversations.
type Stored struct{}

func (b *bench) stored(context.Context) ([]Stored, error) { return nil, nil }
