package engine

// TraceKind says what a TraceEvent reports.
type TraceKind uint8

const (
	TraceStep    TraceKind = iota + 1 // Index: Program.Steps; the step was entered
	TraceState                        // Index: Program.States; the conversation waits there
	TraceOption                       // Index: Program.States; Sub: its option, or TraceRow; chosen
	TraceWhen                         // Index: Program.States; Sub: its when line; taken
	TraceTrigger                      // Index: Program.Triggers; it started its flow
	TraceReply                        // Text: how the reply was understood
	TraceMissed                       // Index: Program.States; the reply to it was not understood
)

// TraceRow is the Sub of TraceOption where a row of the question's table or list was chosen.
const TraceRow = -1

// TraceEvent is one thing that happened on the way through a turn.
type TraceEvent struct {
	Kind  TraceKind
	Index int
	Sub   int
	Text  string
}

// Trace gets the way through a turn. It sees the turn and does not change it.
type Trace func(TraceEvent)

func (t *turn) traced(kind TraceKind, index, sub int, text string) {
	if t.trace != nil {
		t.trace(TraceEvent{kind, index, sub, text})
	}
}
