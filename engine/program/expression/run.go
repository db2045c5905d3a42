package expression

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"baraza/engine/program"
)

// runs is what every function does, by name, and under names that begin with "=" what names, columns and
// operators do. Functions of the language get the *Env first.
var runs = map[string]func(...any) (any, error){
	"=name":   func(v ...any) (any, error) { return v[0].(*Env).name(v[1].(string)), nil },
	"=column": func(v ...any) (any, error) { return readColumn(v[0].(*Env), v[1], v[2].(string)), nil },
	"=truth":  truth,
	"=equal":  func(v ...any) (any, error) { return equal(v[1], v[2]) == (v[0].(string) == "=="), nil },
	"=order":  func(v ...any) (any, error) { return order(v[0].(string), v[1], v[2]) },
	"=in":     func(v ...any) (any, error) { return within(v[1], v[2]), nil },
	"=text":   func(v ...any) (any, error) { return textTest(v[0].(string), v[1], v[2]) },
	"=reckon": func(v ...any) (any, error) { return reckon(v[0].(string), v[1], v[2]) },

	"known":         func(v ...any) (any, error) { return v[1] != nil, nil },
	"count":         func(v ...any) (any, error) { return count(v[1]) },
	"sum":           func(v ...any) (any, error) { return fold(v[1:], 0, func(a, b float64) float64 { return a + b }) },
	"max":           func(v ...any) (any, error) { return fold(v[1:], math.Inf(-1), math.Max) },
	"min":           func(v ...any) (any, error) { return fold(v[1:], math.Inf(1), math.Min) },
	"row":           func(v ...any) (any, error) { return rowByID(v[0].(*Env), v[1], v[2]), nil },
	"nearest":       func(v ...any) (any, error) { return nearestRow(v[0].(*Env), v[1], v[2]), nil },
	"distance_km":   distanceBetween,
	"today":         func(v ...any) (any, error) { return v[0].(*Env).local().Format(time.DateOnly), nil },
	"now":           func(v ...any) (any, error) { return v[0].(*Env).local().Format("15:04"), nil },
	"days_until":    daysUntil,
	"lower":         func(v ...any) (any, error) { return onText(v[1], strings.ToLower) },
	"trim":          func(v ...any) (any, error) { return onText(v[1], strings.TrimSpace) },
	"is_open":       func(v ...any) (any, error) { return v[0].(*Env).isOpen(v[1].(string)) },
	"opens":         func(v ...any) (any, error) { return v[0].(*Env).opens(v[1].(string)) },
	"format_date":   func(v ...any) (any, error) { return formatted(v[0].(*Env), v[1], program.DateKind) },
	"format_number": func(v ...any) (any, error) { return formatted(v[0].(*Env), v[1], program.NumberKind) },
	"language_name": func(v ...any) (any, error) { return formatted(v[0].(*Env), v[1], program.LanguageKind) },
}

// What can only be seen while a conversation runs.
var (
	errZero  = errors.New("division by zero")
	errRange = errors.New("the number is too large")
)

// unfit is the error of a value of a kind that an operation does not know; most often it is unset.
func unfit(what string, v any) error {
	if v == nil {
		return fmt.Errorf("%s: a value is unset", what)
	}
	return fmt.Errorf("%s: a value is of another kind (%T)", what, v)
}

func readColumn(env *Env, v any, name string) any {
	switch v := v.(type) {
	case *program.Row:
		if v != nil {
			return ColumnOf(v, name, env.Lang)
		}
	case program.Location:
		switch name {
		case "lat":
			return v.Lat
		case "lon":
			return v.Lon
		}
	}
	return nil
}

func truth(v ...any) (any, error) {
	switch b := v[0].(type) {
	case bool:
		return b, nil
	case nil:
		return false, nil
	}
	return nil, unfit("condition", v[0])
}

// equal compares plain values; rows are equal when they are the same row of the same table.
func equal(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		s, ok := b.(string)
		return ok && a == s
	case float64:
		f, ok := b.(float64)
		return ok && a == f
	case bool:
		t, ok := b.(bool)
		return ok && a == t
	case program.Location:
		l, ok := b.(program.Location)
		return ok && a == l
	case *program.Row:
		r, ok := b.(*program.Row)
		return ok && (a == r || a != nil && r != nil && a.Table != "" && a.Table == r.Table && a.ID == r.ID)
	}
	return false
}

// order compares numbers, and texts of one shape: dates and times are written so that letters order them.
func order(operator string, a, b any) (any, error) {
	var c int
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		if !ok {
			return nil, unfit(operator, b)
		}
		c = compareNumbers(x, y)
	case string:
		y, ok := b.(string)
		if !ok {
			return nil, unfit(operator, b)
		}
		c = strings.Compare(x, y)
	default:
		return nil, unfit(operator, a)
	}
	switch operator {
	case "<":
		return c < 0, nil
	case ">":
		return c > 0, nil
	case "<=":
		return c <= 0, nil
	}
	return c >= 0, nil
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func within(v, list any) bool {
	if table, ok := list.(*program.Table); ok {
		row, ok := v.(*program.Row)
		return ok && row != nil && row.Table == table.Name
	}
	entries, _ := plain(list).([]any)
	return slices.ContainsFunc(entries, func(entry any) bool { return equal(v, plain(entry)) })
}

func textTest(operator string, a, b any) (any, error) {
	if a == nil || b == nil {
		return false, nil
	}
	s, ok := a.(string)
	part, ok2 := b.(string)
	if !ok || !ok2 {
		return nil, unfit(operator, a)
	}
	switch operator {
	case "contains":
		return strings.Contains(s, part), nil
	case "startsWith":
		return strings.HasPrefix(s, part), nil
	}
	return strings.HasSuffix(s, part), nil
}

func reckon(operator string, a, b any) (any, error) {
	x, ok := a.(float64)
	if !ok {
		return nil, unfit(operator, a)
	}
	y, ok := b.(float64)
	if !ok {
		return nil, unfit(operator, b)
	}
	switch operator {
	case "+":
		return finite(x + y)
	case "-":
		return finite(x - y)
	case "*":
		return finite(x * y)
	}
	if y == 0 {
		return nil, errZero
	}
	if operator == "/" {
		return finite(x / y)
	}
	return finite(math.Mod(x, y))
}

// finite keeps results to what can be stored and shown.
func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errRange
	}
	return f, nil
}

func count(v any) (any, error) {
	switch v := v.(type) {
	case *program.Table:
		return float64(len(v.Rows)), nil
	case []any:
		return float64(len(v)), nil
	case nil:
		return 0.0, nil
	}
	return nil, unfit("count", v)
}

// fold goes through numbers, or through one list of them; nothing gives nothing, so that the largest of no
// numbers is unset.
func fold(values []any, start float64, with func(a, b float64) float64) (any, error) {
	if len(values) == 1 {
		if list, ok := values[0].([]any); ok {
			values = list
		}
	}
	if len(values) == 0 && math.IsInf(start, 0) {
		return nil, nil
	}
	result := start
	for _, v := range values {
		f, ok := plain(v).(float64)
		if !ok {
			return nil, unfit("numbers", v)
		}
		result = with(result, f)
	}
	return finite(result)
}

func rowByID(env *Env, rows, id any) any {
	for row := range Rows(rows) {
		if have := ColumnOf(row, "id", env.Lang); equal(plain(have), id) || row.ID != "" && equal(row.ID, id) {
			return row
		}
	}
	return nil
}

func nearestRow(env *Env, rows, place any) any {
	from, ok := placeOf(place)
	if !ok {
		return nil
	}
	var found *program.Row
	best := math.Inf(1)
	for row := range Rows(rows) {
		to, ok := placeOf(row)
		if !ok {
			continue
		}
		if d := kilometres(from, to); d < best {
			best, found = d, row
		}
	}
	if found == nil {
		return nil
	}
	return found
}

func distanceBetween(v ...any) (any, error) {
	from, ok := placeOf(v[1])
	if !ok {
		return nil, unfit("distance_km", v[1])
	}
	to, ok := placeOf(v[2])
	if !ok {
		return nil, unfit("distance_km", v[2])
	}
	return math.Round(kilometres(from, to)*10) / 10, nil // nobody needs metres as the crow flies, and a text shows all digits
}

// placeOf is a location, or a row's columns lat and lon.
func placeOf(v any) (program.Location, bool) {
	switch v := v.(type) {
	case program.Location:
		return v, true
	case *program.Row:
		if v == nil {
			return program.Location{}, false
		}
		lat, ok := ColumnOf(v, "lat", 0).(float64)
		lon, ok2 := ColumnOf(v, "lon", 0).(float64)
		return program.Location{Lat: lat, Lon: lon}, ok && ok2
	}
	return program.Location{}, false
}

// kilometres is the way along a great circle.
func kilometres(a, b program.Location) float64 {
	const radius, degree = 6371.0, math.Pi / 180
	lat, lon := (b.Lat-a.Lat)*degree, (b.Lon-a.Lon)*degree
	h := math.Pow(math.Sin(lat/2), 2) + math.Cos(a.Lat*degree)*math.Cos(b.Lat*degree)*math.Pow(math.Sin(lon/2), 2)
	return 2 * radius * math.Asin(math.Sqrt(math.Min(1, h)))
}

func daysUntil(v ...any) (any, error) {
	s, ok := v[1].(string)
	if !ok {
		return nil, unfit("days_until", v[1])
	}
	date, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return nil, unfit("days_until", v[1])
	}
	y, m, d := v[0].(*Env).local().Date()
	return math.Round(date.Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)).Hours() / 24), nil
}

func onText(v any, do func(string) string) (any, error) {
	switch s := v.(type) {
	case nil:
		return nil, nil
	case string:
		if len(s) > MaxText {
			return nil, ErrTooLarge
		}
		return do(s), nil
	}
	return nil, unfit("text", v)
}

func formatted(env *Env, v any, kind program.Kind) (any, error) {
	if v == nil {
		return nil, nil
	}
	return Format(v, kind, env.lang(), env.Program), nil
}
