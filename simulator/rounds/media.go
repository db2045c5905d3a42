package rounds

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/keys"
	"baraza/engine/store"
)

// mediaTypes are what a tester's page records and sends, by kind. Nobody but a browser of the project's own pages
// plays them, and never as anything else.
var mediaTypes = map[string]string{
	"audio/ogg": "audio", "audio/webm": "audio", "audio/mp4": "audio", "audio/mpeg": "audio", "audio/wav": "audio",
	"image/jpeg": "image", "image/png": "image", "image/webp": "image",
}

// AddMedia keeps a voice note or a photo of the session. Nothing masks what it holds: it is never part of a report,
// and Sweep deletes it after 30 days.
func (f *File) AddMedia(session, mediaType string, data []byte) (Media, error) {
	kind, ok := mediaTypes[mediaType]
	if !ok {
		return Media{}, errors.New("only recordings and photos can be sent")
	}
	most := MaxPhoto
	if kind == "audio" {
		most = MaxVoice
	}
	if len(data) == 0 || len(data) > most {
		return Media{}, fmt.Errorf("this has %d bytes; at most %d MiB can be sent", len(data), most>>20)
	}
	made, err := f.newID()
	if err != nil {
		return Media{}, err
	}
	m := Media{ID: made.String(), Kind: kind, Type: mediaType, Bytes: len(data), At: f.now()}
	// A key of its own, since it goes before the session does.
	if err := f.beginKey(made); err != nil {
		return Media{}, err
	}
	sealed, err := f.ring.Seal(store.Key(made), mediaKind, data)
	if err != nil {
		return Media{}, err
	}
	_, err = f.change(session, func(tx *bolt.Tx, of id, s *Session) error {
		if err := f.room(tx); err != nil {
			return err
		}
		all, err := f.mediaOf(tx, of)
		if err != nil {
			return err
		}
		n := 0
		for _, has := range all {
			if has.Kind == kind {
				n++
			}
		}
		if n >= MaxMedia {
			return fmt.Errorf("a session has at most %d of a kind: %w", MaxMedia, ErrFull)
		}
		b := tx.Bucket(mediaBucket)
		if err := f.put(b, join(of, append(made[:], 0)...), of, mediaKind, &m); err != nil {
			return err
		}
		return b.Put(join(of, made[:]...), sealed)
	})
	if err != nil {
		return Media{}, errors.Join(err, f.destroy(made))
	}
	return m, nil
}

// beginKey makes a key for a session or a recording, on the disk before anything sealed with it.
func (f *File) beginKey(of id) error {
	if err := f.ring.Begin(store.Key(of), f.now()); err != nil {
		return err
	}
	return f.ring.Sync()
}

// destroy destroys a key where it lies.
func (f *File) destroy(of id) error {
	begun := f.ring.Begun(store.Key(of))
	if begun.IsZero() {
		return nil
	}
	return f.ring.Erase(store.Erasure{Key: store.Key(of), At: begun})
}

// mediaOf lists what is kept of a session, without the bytes.
func (f *File) mediaOf(tx *bolt.Tx, of id) ([]Media, error) {
	var all []Media
	err := under(tx.Bucket(mediaBucket), of, func(k, v []byte) error {
		if len(k) != 2*len(of)+1 {
			return nil
		}
		var m Media
		err := f.unseal(v, of, mediaKind, &m)
		all = append(all, m)
		return err
	})
	return all, err
}

// ReadMedia gives a voice note or photo to who listens or looks.
func (f *File) ReadMedia(session, media string) (m Media, data []byte, err error) {
	of, ok := parseID(session)
	name, also := parseID(media)
	if !ok || !also {
		return m, nil, ErrNoMedia
	}
	err = f.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(mediaBucket)
		found, err := f.get(b, join(of, append(name[:], 0)...), of, mediaKind, &m)
		if errors.Is(err, keys.ErrNoKey) || err == nil && !found {
			return ErrNoMedia
		} else if err != nil {
			return err
		}
		data, err = f.ring.Open(store.Key(name), mediaKind, b.Get(join(of, name[:]...)))
		return err
	})
	return m, data, err
}
