package desk

import (
	"context"
	"net/http"
	"reflect"
	"slices"

	"baraza/engine/program"
	"baraza/engine/runner"
	"baraza/engine/store"
)

// Of is a desk that sees one country alone: its packs, its people, their cases and letters, its senders, keys and
// releases, and what was done in it. What is of another country it answers for as if it were not there, and what belongs
// to the whole machine it refuses. Of a country that there is not it sees nothing.
func (d *Desk) Of(country string) *Desk {
	one := &Desk{Parts: d.Parts, log: d.log, one: true, country: country, reading: d.reading, copying: d.copying}
	one.Countries, one.Senders = map[string]Country{}, nil
	if c, ok := d.Countries[country]; ok {
		one.Countries[country] = c
	}
	mine := one.packs()
	for _, name := range d.Senders {
		if from, ok := runner.ParseSender(name); ok && slices.Contains(mine, from.Pack) {
			one.Senders = append(one.Senders, name)
		}
	}
	one.Program = func(pack string) *program.Program {
		if !slices.Contains(mine, pack) {
			return nil
		}
		return d.Program(pack)
	}
	return one
}

// hasPack tells whether a pack is in sight.
func (d *Desk) hasPack(pack string) bool { return !d.one || slices.Contains(d.packs(), pack) }

// has tells whether what belongs to a contact is in sight, by the pack that is written on it. Where that is no longer in the
// configuration, or cannot be read, the keys of the country tell: those of two countries never have one contact.
func (d *Desk) has(pack string, key store.Key) bool {
	if d.hasPack(pack) {
		return true
	}
	ring := d.Countries[d.country].Ring
	return ring != nil && key != (store.Key{}) && !ring.Begun(key).IsZero()
}

// hasContact tells whether a contact is in sight, also one that was erased.
func (d *Desk) hasContact(ctx context.Context, key store.Key) (bool, error) {
	if !d.one {
		return true, nil
	}
	pack, err := d.packOf(ctx, key)
	if err != nil || d.has(pack, key) {
		return err == nil, err
	}
	ring := d.Countries[d.country].Ring
	return ring != nil && slices.ContainsFunc(ring.Erased(), func(e store.Erasure) bool { return e.Key == key }), nil
}

// wholeMachine refuses a desk of one country what belongs to all of them.
func (d *Desk) wholeMachine() error {
	if d.one {
		return &Problem{http.StatusForbidden, "this belongs to the whole machine, not to one country"}
	}
	return nil
}

// countryIn is the country of a request that brings a bundle.
func (d *Desk) countryIn(r *http.Request) string {
	if name := r.Header.Get(CountryHeader); name != "" || !d.one {
		return name
	}
	return d.country
}

type operatorKey struct{}
type tokenKey struct{}

// WithOperator returns a context in which somebody asks who signed in, by the name of their account. Whatever a request
// says about who acts, it is them.
func WithOperator(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, operatorKey{}, name)
}

// WithToken says by which of their tokens they ask. The record tells it beside their name, not in it: where a second person
// has to say a word, a person and their token are one.
func WithToken(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, tokenKey{}, name)
}

// operatorOf is who signed in; false where nobody did, as on the control socket.
func operatorOf(ctx context.Context) (string, bool) {
	name, ok := ctx.Value(operatorKey{}).(string)
	return name, ok
}

// bind writes into a request what its sender does not choose: By is who signed in, and on a desk of one country Country
// is that one unless another was named.
func (d *Desk) bind(ctx context.Context, in any) {
	v := reflect.ValueOf(in).Elem()
	if v.Kind() != reflect.Struct {
		return
	}
	if by := v.FieldByName("By"); by.IsValid() && by.Kind() == reflect.String {
		if name, ok := operatorOf(ctx); ok {
			by.SetString(name)
		}
	}
	if country := v.FieldByName("Country"); d.one && country.IsValid() && country.Kind() == reflect.String && country.String() == "" {
		country.SetString(d.country)
	}
}
