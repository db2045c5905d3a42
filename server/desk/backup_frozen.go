package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
	"baraza/server/freeze"
)

// frozenParts say which countries are frozen, and when those that were frozen before were served again.
func (d *Desk) frozenParts(part func(name string) (io.Writer, error)) error {
	for _, country := range d.countryNames() {
		text, err := d.Freezes.Copy(country)
		if err != nil {
			return err
		}
		if text == nil {
			continue
		}
		w, err := part(country + frozenEnding)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// RestoredFreeze is what becomes of the freeze of one country.
type RestoredFreeze struct {
	Country string
	Fate    freeze.Fate
	Here    freeze.State // as it stands before
	There   freeze.State // as it stood when the backup was made; Stage is "" where the backup does not say it
	Next    freeze.State // as it will stand
	// Messages of people and Replies of flows are held in the backup; they are known once Restore counted them.
	Messages, Replies int
}

// readFrozen tells what becomes of the freezes, as far as it is known before the data was opened.
func (r *Restoring) readFrozen() error {
	if r.place.Frozen == "" {
		return nil
	}
	book := freeze.Open(r.place.Frozen, r.countries())
	for _, country := range r.countries() {
		one := RestoredFreeze{Country: country, Here: book.Of(country)}
		switch text, err := r.frozenPart(country); {
		case err != nil:
			return err
		case text != nil:
			one.There = freeze.ReadCopy(text, country)
		case r.Manifest.Format >= 3:
			one.There = freeze.State{Country: country, Stage: freeze.Served}
		}
		r.Freezes = append(r.Freezes, one)
	}
	r.foretell()
	return nil
}

func (r *Restoring) frozenPart(country string) ([]byte, error) {
	name := country + frozenEnding
	if !slices.ContainsFunc(r.Manifest.Files, func(f File) bool { return f.Name == name }) {
		return nil, nil
	}
	f, err := os.Open(filepath.Join(r.folder, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostBody))
}

func (r *Restoring) foretell() {
	now := time.Now()
	for i := range r.Freezes {
		one := &r.Freezes[i]
		one.Next, one.Fate = freeze.Restored(one.Here, freeze.Backup{State: one.There, Made: r.Manifest.At, Holds: one.Messages+one.Replies > 0}, now)
	}
}

// countHeld counts what is held in a store that nobody has open.
func (r *Restoring) countHeld(ctx context.Context, path string) error {
	if len(r.Freezes) == 0 {
		return nil
	}
	s, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		return err
	}
	for i := range r.Freezes {
		r.Freezes[i].Messages, r.Freezes[i].Replies = 0, 0
	}
	of := func(pack string) *RestoredFreeze {
		i := slices.IndexFunc(r.Freezes, func(f RestoredFreeze) bool { return slices.Contains(r.place.Countries[f.Country].Packs, pack) })
		if i < 0 {
			return &RestoredFreeze{} // of a pack that the configuration does not have
		}
		return &r.Freezes[i]
	}
	err = eachHeld(ctx, s, func(pack string) { of(pack).Messages++ }, func(pack string) { of(pack).Replies++ })
	return errors.Join(err, s.Close())
}

// eachHeld visits the packs of what a freeze holds. Rows that cannot be read are passed over.
func eachHeld(ctx context.Context, s store.Store, message, reply func(pack string)) error {
	const page = 256
	items := store.ItemQuery{Kind: store.Held, Of: store.All, Limit: page}
	for more := true; more; {
		list, err := s.Items(ctx, items)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		for _, it := range list {
			if runner.HeldMessage(it) {
				message(it.Pack)
			}
		}
		if more = len(list) == page; more {
			items.After = list[page-1].ID
		}
	}
	letters := store.OutboxQuery{Of: store.All, State: store.Dead, Limit: page}
	for more := true; more; {
		list, err := s.Outbox(ctx, letters)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		for _, m := range list {
			if from, _ := runner.ParseSender(m.Channel); runner.CodeHeld(m.Code) {
				reply(from.Pack)
			}
		}
		if more = len(list) == page; more {
			letters.After = list[page-1]
		}
	}
	return nil
}

// restoreFrozen writes down how countries stand from now on.
func (r *Restoring) restoreFrozen() error {
	if len(r.Freezes) == 0 {
		return nil
	}
	book := freeze.Open(r.place.Frozen, r.countries())
	for _, one := range r.Freezes {
		if one.Fate == freeze.Stays {
			continue
		}
		if here, next := book.Of(one.Country), one.Next; here.Stage == next.Stage && next.Stage == freeze.Served && here.Resumed.Equal(next.Resumed) {
			continue
		}
		if err := book.Restore(one.Next); err != nil {
			return fmt.Errorf("how %s stands could not be written down: %w", one.Country, err)
		}
	}
	return nil
}
