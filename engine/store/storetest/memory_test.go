package storetest_test

import (
	"testing"

	"baraza/engine/store"
	"baraza/engine/store/storetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, func(testing.TB, string) store.Store { return storetest.NewMemory() })
}
