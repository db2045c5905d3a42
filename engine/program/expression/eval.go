package expression

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/expr-lang/expr/vm"

	"baraza/engine/program"
)

// What a value may have at most.
const (
	// MaxText is the longest text in bytes.
	MaxText = 4 << 10
	// MaxList is the longest list; tables are no lists.
	MaxList = 200
	// memoryBudget is what a run may make, in expr's own units (entries of lists).
	memoryBudget = 4 * MaxList
)

// Env is what an expression reads while it runs. One goroutine uses it at a time; it may be used again, with
// other contents, as often as one likes, and keeps its machine from run to run.
type Env struct {
	// Var gives a variable or field; ok is false where it is unset.
	Var func(name string) (value any, ok bool)
	// Bound, where it is not "", is a name that hides a variable: the row that a "where" looks at, in Row.
	Bound string
	Row   any

	Program *program.Program
	Lang    int // index of Program.Languages
	// Library is the alias of the library whose flow runs, "" for the pack's own: its tables, hours and teams
	// are looked up as "alias.name" first.
	Library string
	At      time.Time
	// Zone is the pack's timezone. Loading one reads a file, so whoever runs many expressions loads it once;
	// nil: it is loaded by Program.Timezone at first use and kept.
	Zone *time.Location

	machine vm.VM
}

// ErrTooLarge is the error of a result beyond MaxText or MaxList.
var ErrTooLarge = errors.New("the value is too large")

// Eval runs an expression. The result is nil (unset), bool, float64, string, []any, *program.Row,
// program.Location, or *program.Table for the bare name of a table. Errors are what Check cannot see, such as
// a division by zero or reckoning with what is unset; the result is nil then.
func (e *Expression) Eval(env *Env) (any, error) {
	if e.program == nil {
		return bounded(env.name(e.name))
	}
	if env.machine.MemoryBudget == 0 {
		env.machine.MemoryBudget = memoryBudget
	}
	v, err := env.machine.Run(e.program, env)
	clear(env.machine.Stack[:cap(env.machine.Stack)]) // an idle machine keeps nobody's words
	if err != nil {
		return nil, fmt.Errorf("run expression: %w", err)
	}
	return bounded(v)
}

// Truth is a result as a condition: what is unset is no.
func Truth(v any) bool {
	b, _ := v.(bool)
	return b
}

// Rows are the rows of a result: of a table, or those of a list.
func Rows(v any) iter.Seq[*program.Row] {
	return func(yield func(*program.Row) bool) {
		switch v := v.(type) {
		case *program.Table:
			for i := range v.Rows {
				if !yield(&v.Rows[i]) {
					return
				}
			}
		case []any:
			for _, entry := range v {
				if row, ok := entry.(*program.Row); ok && !yield(row) {
					return
				}
			}
		}
	}
}

// ColumnOf gives a row's cell in a language (index of Program.Languages); nil where there is none.
func ColumnOf(row *program.Row, name string, lang int) any {
	for i, column := range row.Columns {
		if column != name {
			continue
		}
		if i < len(row.Translated) && lang < len(row.Translated[i]) && lang >= 0 && row.Translated[i][lang] != "" {
			return row.Translated[i][lang]
		}
		if i < len(row.Cells) {
			return plain(row.Cells[i])
		}
		return nil
	}
	if name == "id" && row.ID != "" {
		return row.ID
	}
	return nil
}

// name reads a bare name: the row of a where, a variable, a table. What is none of these is unset.
func (env *Env) name(name string) any {
	if env.Bound != "" && name == env.Bound {
		return plain(env.Row)
	}
	if env.Var != nil {
		if v, ok := env.Var(name); ok {
			return plain(v)
		}
	}
	if t := env.table(name); t != nil {
		return t
	}
	return nil
}

func (env *Env) table(name string) *program.Table {
	if env.Program == nil {
		return nil
	}
	return named(env, env.Program.Tables, name, func(t *program.Table) string { return t.Name })
}

// named finds what a name means in the running flow's library, else in the pack.
func named[T any](env *Env, list []T, name string, of func(*T) string) *T {
	var found *T
	for i := range list {
		switch have := of(&list[i]); {
		case env.Library != "" && len(have) == len(env.Library)+1+len(name) && have[:len(env.Library)] == env.Library &&
			have[len(env.Library)] == '.' && have[len(env.Library)+1:] == name:
			return &list[i]
		case have == name:
			found = &list[i]
		}
	}
	return found
}

func (env *Env) lang() string {
	if env.Program == nil || env.Lang < 0 || env.Lang >= len(env.Program.Languages) {
		return ""
	}
	return env.Program.Languages[env.Lang]
}

// local is the time of the event in the pack's timezone, UTC where that is unknown.
func (env *Env) local() time.Time {
	if env.Zone == nil {
		env.Zone = time.UTC
		if env.Program != nil {
			if zone, err := time.LoadLocation(env.Program.Timezone); err == nil {
				env.Zone = zone
			}
		}
	}
	return env.At.In(env.Zone)
}

// plain is a value in the few types that expressions know.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case int32:
		return float64(v)
	case uint64:
		return float64(v)
	case float32:
		return float64(v)
	case program.Row:
		return &v
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	}
	return v
}

func bounded(v any) (any, error) {
	v = plain(v)
	switch value := v.(type) {
	case string:
		if len(value) > MaxText {
			return nil, ErrTooLarge
		}
	case []any:
		if len(value) > MaxList {
			return nil, ErrTooLarge
		}
	}
	return v, nil
}
