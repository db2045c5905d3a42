package syntax

import (
	"bytes"
	"testing"
)

// BenchmarkParse reads the good files; ns/line is what a pack of 30,000 lines takes 30,000 times.
func BenchmarkParse(b *testing.B) {
	files := goodFiles(b)
	lines := 0
	for _, src := range files {
		lines += bytes.Count(src, []byte{'\n'})
	}
	b.ReportAllocs()
	for b.Loop() {
		for name, src := range files {
			ParseFile(name, src)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
}

// BenchmarkScan is the scanner alone.
func BenchmarkScan(b *testing.B) {
	files := goodFiles(b)
	lines := 0
	for _, src := range files {
		lines += bytes.Count(src, []byte{'\n'})
	}
	b.ReportAllocs()
	for b.Loop() {
		for name, src := range files {
			s := newScan(name, src)
			s.check()
			s.run()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
}
