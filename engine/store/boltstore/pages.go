package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"

	"baraza/engine/store"
)

// bbolt trusts its pages: one that leads into itself, or out of the file, ends the process or never returns, also
// while the file is opened. So a file is gone through here first. What follows of bbolt's format has not changed
// since its second version, which the head names.
//
//	page    number 8 · flags 2 · count 2 · overflow 4, then count elements of 16 bytes
//	branch  position 4 · key size 4 · page 8
//	leaf    flags 4 · position 4 · key size 4 · value size 4; positions count from the element
//	bucket  a leaf's value: page 8 · counter 8, and where the page is 0 the page itself
//	head    magic 4 · version 4 · page size 4 · flags 4 · bucket 16 · free list 8 · end 8 · commit 8 · checksum 8
const (
	boltMagic    = 0xED0CDAED
	boltVersion  = 2
	pageHead     = 16
	elementSize  = 16
	boltHeadSize = 64
	isBranch     = 1
	isLeaf       = 2
	isBucket     = 1
	deepest      = 64 // a tree of 4 KiB pages that deep would hold more than there is
)

var native = binary.NativeEndian

// pages goes through the pages of a file.
type pages struct {
	file io.ReaderAt
	size int64 // of a page
	end  uint64
	seen []uint64 // a bit a page
}

// sound tells whether bbolt can be let at a file: ErrFormat or ErrDamaged where not.
func sound(file io.ReaderAt, size int64) error {
	p := pages{file: file}
	root, err := p.head(size)
	if err != nil {
		return err
	}
	if need := int64(p.end) * p.size; size < need {
		return fmt.Errorf("%w: %d bytes of %d are there", &store.DamagedError{Where: "the file"}, size, need)
	}
	p.seen = make([]uint64, p.end/64+1)
	return p.page(root, 0)
}

// head finds the newest head that is whole.
func (p *pages) head(size int64) (root uint64, err error) {
	known, newest := false, uint64(0)
	for _, at := range append([]int64{0}, places()...) {
		head := make([]byte, boltHeadSize)
		if _, err := p.file.ReadAt(head, at+pageHead); err != nil || native.Uint32(head) != boltMagic {
			continue
		}
		known = known || native.Uint32(head[4:]) == boltVersion
		sum := fnv.New64a()
		sum.Write(head[:56])
		if native.Uint32(head[4:]) != boltVersion || sum.Sum64() != native.Uint64(head[56:]) {
			continue
		}
		if tx := native.Uint64(head[48:]); p.size == 0 || tx > newest {
			newest, root, p.end, p.size = tx, native.Uint64(head[16:]), native.Uint64(head[40:]), int64(native.Uint32(head[8:]))
		}
	}
	switch {
	case p.size >= 512 && p.end < 1<<40:
		return root, nil
	case known || size == 0:
		return 0, &store.DamagedError{Where: "the head of the file"}
	}
	return 0, fmt.Errorf("%w: it is not a bbolt file", store.ErrFormat)
}

// places are where the second head may be: after a page, of whatever size.
func places() (all []int64) {
	for at := int64(1024); at <= 1024<<14; at *= 2 {
		all = append(all, at)
	}
	return all
}

func bad(id uint64, says string) error {
	return fmt.Errorf("%w: page %d %s", &store.DamagedError{Where: "a page"}, id, says)
}

// page looks at a page and what it leads to.
func (p *pages) page(id uint64, depth int) error {
	if id < 2 || id >= p.end || depth > deepest {
		return bad(id, "is not one of the file")
	}
	head := make([]byte, pageHead)
	if _, err := p.file.ReadAt(head, int64(id)*p.size); err != nil {
		return bad(id, err.Error())
	}
	overflow := uint64(native.Uint32(head[12:]))
	if native.Uint64(head) != id || id+overflow >= p.end {
		return bad(id, "does not know itself")
	}
	for n := id; n <= id+overflow; n++ {
		if p.seen[n/64]>>(n%64)&1 == 1 {
			return bad(n, "is led to twice")
		}
		p.seen[n/64] |= 1 << (n % 64)
	}
	body := make([]byte, int64(overflow+1)*p.size)
	if _, err := p.file.ReadAt(body, int64(id)*p.size); err != nil {
		return bad(id, err.Error())
	}
	return p.elements(id, body, depth)
}

// elements looks at the elements of a page, or of one that lies in a bucket's value.
func (p *pages) elements(id uint64, body []byte, depth int) error {
	if len(body) < pageHead || depth > deepest {
		return bad(id, "is too short")
	}
	flags, count := native.Uint16(body[8:]), int(native.Uint16(body[10:]))
	if flags != isBranch && flags != isLeaf || pageHead+count*elementSize > len(body) {
		return bad(id, "is neither branch nor leaf")
	}
	if flags == isBranch && count == 0 {
		return bad(id, "leads nowhere")
	}
	var before []byte
	for i := range count {
		at := pageHead + i*elementSize
		e := body[at:]
		from, keySize, valueSize, pos := uint64(0), uint64(native.Uint32(e[4:])), uint64(0), uint64(native.Uint32(e))
		if flags == isLeaf {
			pos, keySize, valueSize = uint64(native.Uint32(e[4:])), uint64(native.Uint32(e[8:])), uint64(native.Uint32(e[12:]))
		}
		from = uint64(at) + pos
		if from+keySize+valueSize > uint64(len(body)) || from < uint64(pageHead+count*elementSize) {
			return bad(id, "has an element outside of it")
		}
		key, value := body[from:from+keySize], body[from+keySize:from+keySize+valueSize]
		if i > 0 && bytes.Compare(before, key) >= 0 {
			return bad(id, "has keys out of order")
		}
		before = key
		if err := p.below(id, flags, e, value, depth); err != nil {
			return err
		}
	}
	return nil
}

// below follows an element that leads to another page.
func (p *pages) below(id uint64, flags uint16, element, value []byte, depth int) error {
	switch {
	case flags == isBranch:
		return p.page(native.Uint64(element[8:]), depth+1)
	case native.Uint32(element)&isBucket == 0:
		return nil
	case len(value) < 16:
		return bad(id, "has half a bucket")
	}
	if root := native.Uint64(value); root != 0 {
		return p.page(root, depth+1)
	}
	return p.elements(id, value[16:], depth+1)
}
