package runner

import (
	"context"
	"errors"

	"baraza/engine"
	"baraza/engine/store"
)

// Talks visits every contact's session of a pack, as it was when it was read: for who counts what a release would do to
// those who are in the middle of a conversation. unreadable are those that nobody can read.
func (r *Runner) Talks(ctx context.Context, pack string, visit func(contact store.Key, s engine.Session)) (unreadable int, err error) {
	const page = 256
	var after store.Key
	for {
		list, err := r.config.Store.Contacts(ctx, store.All, after, page)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return unreadable, err
		}
		if err != nil {
			unreadable++
		}
		for i := range list {
			after = list[i].Key
			if list[i].Pack != pack || list[i].Session == nil {
				continue
			}
			switch p, err := r.openPerson(list[i]); {
			case errors.Is(err, ErrUnreadable):
				unreadable++
			case err != nil:
				return unreadable, err
			default:
				visit(list[i].Key, p.session)
			}
		}
		if len(list) < page {
			return unreadable, nil
		}
	}
}
