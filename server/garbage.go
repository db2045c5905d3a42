package server

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Bounds of how much garbage may pile up before it is collected, in percent of what is in use, as GOGC has it.
const (
	// garbageRoom is how much there may be at least: a turn leaves some tens of kilobytes, and most processes have so
	// little in use that they would collect many times a second.
	garbageRoom = 80 << 20
	garbageMost = 400
	garbageGo   = 100 // what Go does by itself
)

// garbagePercent is for so many bytes in use.
func garbagePercent(used uint64) int {
	return int(min(max(garbageRoom*100/max(used, 1), garbageGo), garbageMost))
}

// collectLess has garbage collected as rarely as there is room for it, while what is in use grows and shrinks. Whoever
// sets GOGC has decided that; GOMEMLIMIT holds in any case.
func collectLess(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	percent := garbageGo
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		metrics.Read(sample)
		if sample[0].Value.Kind() == metrics.KindUint64 {
			// Each change stops everything for a moment.
			if p := garbagePercent(sample[0].Value.Uint64()); p*10 > percent*11 || p*10 < percent*9 {
				percent = p
				debug.SetGCPercent(p)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}
