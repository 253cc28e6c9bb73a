package vonagetest

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"
)

// underWay is how long the request takes to arrive. It is no draw from one sequence, because which of two requests of
// the same instant comes first is the Go scheduler's choice.
func (f *Fake) underWay(r request) time.Duration {
	if f.config.Jitter <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(r.clientRef + "\x00" + r.to + "\x00"))
	_ = binary.Write(h, binary.BigEndian, uint64(f.setOut(r))) // a hash takes everything
	return time.Duration(rand.New(rand.NewPCG(f.config.Seed, h.Sum64())).Int64N(int64(f.config.Jitter)))
}

// setOut counts a request of its recipient, and returns how many there were before.
func (f *Fake) setOut(r request) int {
	who := Recipient{strings.Clone(r.clientRef), strings.Clone(r.to)}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.set[who]
	f.set[who] = n + 1
	return n
}
