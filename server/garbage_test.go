package server

import "testing"

func TestGarbageHasRoomWhereLittleIsInUseAndNoMoreThanGoGivesWhereMuchIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		used uint64 // in MB
		want int
	}{{0, 400}, {5, 400}, {20, 400}, {40, 200}, {64, 125}, {80, 100}, {1000, 100}} {
		if got := garbagePercent(c.used << 20); got != c.want {
			t.Errorf("with %d MB in use: %d %%, want %d", c.used, got, c.want)
		}
	}
}
