package chaos

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// plan is one round, as its seed makes it.
type plan struct {
	// wait is from the start of the platform, and so of its minutes, to the campaign's.
	wait      time.Duration
	batchSize int
	delay     int // seconds
	kills     []kill
}

// kill is one moment at which something is killed.
type kill struct {
	// at is counted from the start of the platform.
	at time.Duration
	// everything kills all processes of all functions; otherwise it is one sender.
	everything bool
	// which of the senders it is, modulo their number.
	which int
}

const (
	// maxKills is how often a campaign is hit while it first goes out.
	maxKills = 4
	// tick is how often the dispatcher runs, from the start of the platform on; lease is how long the batch of a dead
	// sender is held after its last claim.
	tick  = time.Minute
	lease = 30 * time.Second
	// posting is how long, from its start, the request that makes the campaign may be under way.
	posting = 200 * time.Millisecond
	// A kill this long after a tick meets the dispatcher, or the senders that take over.
	dispatching, takingOver = 200 * time.Millisecond, 3 * time.Second
)

// newPlan makes a round's plan from the seed and the round's number.
func (c Config) newPlan(round int) plan {
	random := rand.New(rand.NewPCG(c.Seed, uint64(round)))
	sizes := []int{10, 6, 4, 3, 1} // batches in a campaign
	p := plan{
		batchSize: max(1, c.Recipients/sizes[random.IntN(len(sizes))]),
		delay:     random.IntN(2),
	}
	if !c.Resume {
		p.wait = moment(random, tick)
	}
	for range 1 + random.IntN(maxKills) {
		at := p.wait + moment(random, c.sending(p))
		p.kills = append(p.kills, kill{at: at, everything: random.IntN(3) == 0, which: random.IntN(1000)})
	}
	if random.IntN(4) == 0 {
		p.kills = append(p.kills, kill{at: p.wait + moment(random, posting), everything: true})
	}
	slices.SortFunc(p.kills, func(a, b kill) int { return cmp.Compare(a.at, b.at) })
	if random.IntN(3) == 0 && !c.Resume {
		within := []time.Duration{dispatching, takingOver}[random.IntN(2)]
		p.kills = append(p.kills, kill{at: p.repairAt() + moment(random, within), everything: true})
	}
	return p
}

// repairAt is the tick at which the dispatcher repairs what the first kill has stopped.
func (p plan) repairAt() time.Duration { return (p.kills[0].at + lease + tick - 1).Truncate(tick) }

func moment(random *rand.Rand, within time.Duration) time.Duration {
	return time.Duration(random.Int64N(int64(within)))
}

// sending is how long the campaign goes out if it is left alone, with a cold start before it.
func (c Config) sending(p plan) time.Duration {
	byRate := time.Duration(c.Recipients) * time.Second / time.Duration(c.Rate)
	byPlan := time.Duration((c.Recipients-1)/p.batchSize*p.delay) * time.Second
	return time.Second/2 + max(byRate, byPlan)
}

func (p plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "after %v, batches of %d, %d s apart", p.wait.Round(time.Millisecond), p.batchSize, p.delay)
	for _, k := range p.kills {
		what := "one sender"
		if k.everything {
			what = "everything"
		}
		fmt.Fprintf(&b, "; at %v %s is killed", k.at.Round(time.Millisecond), what)
	}
	return b.String()
}
