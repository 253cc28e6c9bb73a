package vonagetest

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// chance deals for one text. Every thing to be dealt has a sequence of its own, by its name: what is dealt for one does
// not depend on the order of things, nor on what else is dealt.
type chance struct {
	seed uint64
	text string
}

func (c chance) of(what string, numbers ...int) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(c.text + "\x00" + what))
	for _, n := range numbers {
		_ = binary.Write(h, binary.BigEndian, uint64(n)) // a hash takes everything
	}
	return rand.New(rand.NewPCG(c.seed, h.Sum64()))
}

// hits says whether a thing with this share happens.
func (c chance) hits(share float64, what string, numbers ...int) bool {
	return c.of(what, numbers...).Float64() < share
}

// within is a time from 0 up to, but not including, this one.
func (c chance) within(longest time.Duration, what string, numbers ...int) time.Duration {
	if longest <= 0 {
		return 0
	}
	return time.Duration(c.of(what, numbers...).Int64N(int64(longest)))
}

// randomUUID is one (RFC 9562, version 4).
func randomUUID(r *rand.Rand) string {
	high, low := r.Uint64(), r.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&(1<<48-1))
}
