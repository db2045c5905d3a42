package syntax

import (
	"slices"

	"baraza/dsl/ast"
)

// typeNames are the types that need nothing behind their name.
var typeNames = []string{"text", "number", "date", "time", "phone", "email", "yes or no", "location", "image", "audio",
	"video", "document", "language", "list"}

// units of durations, by any way to write them.
var units = func() map[string]string {
	all := map[string]string{}
	for _, u := range unitNames {
		all[u] = u
		all[u+"s"] = u
	}
	return all
}()

var unitNames = []string{"second", "minute", "hour", "day", "week", "month", "year"}

// complete puts into a head what the grammar of its line cannot say.
func complete(h *Head, head ast.Head) {
	switch head := head.(type) {
	case *ast.Mark:
		head.Kind = h.kind
	case *ast.Say:
		head.Kind = h.kind
	case *ast.When:
		head.Kind = h.kind
	case *ast.Prop:
		head.Name = h.kind
	case *ast.Trigger:
		head.Kind = h.kind
	case *ast.Person:
		head.Does = h.kind
	case *ast.Bot:
		head.Does = h.kind
	case *ast.Staff:
		head.Done = h.kind == "done"
	case *ast.Expect:
		head.Kind = h.kind
	case *ast.Gate:
		head.Name = h.kind
	case *ast.Days:
		head.Days = spelledOut(head.Days)
	}
}

// spelledOut turns mon, to, thu into mon, tue, wed, thu. A range may pass the end of the week.
func spelledOut(written []string) []string {
	if len(written) != 3 || written[1] != "to" {
		return written
	}
	var all []string
	from := slices.Index(days, written[0])
	for i := range days {
		d := days[(from+i)%len(days)]
		all = append(all, d)
		if d == written[2] {
			break
		}
	}
	return all
}

// typeOf, durationOf and datesOf find the values of a head that have rules of their own.
func typeOf(head ast.Head) *ast.Type {
	switch h := head.(type) {
	case *ast.Field:
		return &h.Type
	case *ast.Column:
		return &h.Type
	case *ast.Takes:
		return &h.Type
	case *ast.Ask:
		return h.Type
	}
	return nil
}

func durationOf(head ast.Head) *ast.Duration {
	switch h := head.(type) {
	case *ast.Silent:
		return &h.For
	case *ast.Answer:
		return &h.Within
	case *ast.Escalate:
		return &h.After
	case *ast.Field:
		return h.Kept
	case *ast.Record:
		return h.Kept
	case *ast.Timeout:
		return &h.After
	case *ast.When:
		return h.For
	case *ast.Remind:
		return &h.In
	case *ast.Wait:
		return &h.For
	case *ast.After:
		return &h.For
	}
	return nil
}

func datesOf(head ast.Head) []ast.Date {
	switch h := head.(type) {
	case *ast.Closed:
		return h.Dates
	case *ast.Mark:
		if h.Date != nil {
			return []ast.Date{*h.Date}
		}
	case *ast.At:
		return []ast.Date{h.Date}
	}
	return nil
}

func daysOf(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
