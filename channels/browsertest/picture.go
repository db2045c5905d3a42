package browsertest

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "a folder to put pictures of the page in")

// Picture is of the screen, for people to look at: a file below the folder of the flag, small enough for a document.
func Picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if b, err = small(b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(*pictures, filepath.FromSlash(name)+".png")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// small is a picture of a page with at most 256 colours: a page has few, and many shades at the edges of its letters.
func small(b []byte) ([]byte, error) {
	screen, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	few := image.NewPaletted(screen.Bounds(), most(screen))
	draw.Draw(few, few.Bounds(), screen, screen.Bounds().Min, draw.Src)
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few)
	return out.Bytes(), err
}

// most are the colours that a picture has most of. Those that nobody tells apart are one.
func most(of image.Image) color.Palette {
	type count struct {
		n    int
		best map[color.RGBA]int
	}
	counts := map[color.RGBA]*count{}
	for y := of.Bounds().Min.Y; y < of.Bounds().Max.Y; y++ {
		for x := of.Bounds().Min.X; x < of.Bounds().Max.X; x++ {
			c := color.RGBAModel.Convert(of.At(x, y)).(color.RGBA)
			coarse := color.RGBA{c.R >> 4, c.G >> 4, c.B >> 4, 255}
			if counts[coarse] == nil {
				counts[coarse] = &count{best: map[color.RGBA]int{}}
			}
			counts[coarse].n++
			counts[coarse].best[c]++
		}
	}
	order := func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	}
	coarse := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b].n, counts[a].n), order(a, b))
	})
	var all color.Palette
	for _, one := range coarse[:min(len(coarse), 256)] {
		best := counts[one].best
		all = append(all, slices.MinFunc(slices.Collect(maps.Keys(best)), func(a, b color.RGBA) int {
			return cmp.Or(cmp.Compare(best[b], best[a]), order(a, b))
		}))
	}
	return all
}
