package boltstore_test

import (
	"path/filepath"
	"testing"

	"baraza/engine/store"
	"baraza/engine/store/boltstore"
	"baraza/engine/store/storetest"
)

func open(t testing.TB, dir string) store.Store {
	t.Helper()
	return openAt(t, filepath.Join(dir, "store"))
}

func openAt(t testing.TB, path string) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, open)
	storetest.Lasting(t, open)
}
