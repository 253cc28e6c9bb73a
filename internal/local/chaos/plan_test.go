package chaos

import (
	"reflect"
	"testing"
	"time"
)

func TestASeedMakesThePlan(t *testing.T) {
	t.Parallel()
	c := Config{Seed: 7, Recipients: 600, Rate: 50}
	if a, b := c.newPlan(3), c.newPlan(3); !reflect.DeepEqual(a, b) {
		t.Errorf("the same seed and round made %v and %v", a, b)
	}
	other := c
	other.Seed++
	if a, b, d := c.newPlan(3), other.newPlan(3), c.newPlan(4); a.String() == b.String() || a.String() == d.String() {
		t.Errorf("another seed, or another round, made the same plan: %v", a)
	}
}

func TestKillsComeWhileTheCampaignGoesOutOrIsRepaired(t *testing.T) {
	t.Parallel()
	c := Config{Seed: 1, Recipients: 600, Rate: 50}
	var one, all, repairs int
	for round := range 200 {
		p := c.newPlan(round)
		if len(p.kills) == 0 || p.wait >= tick || p.batchSize < 1 || p.batchSize > c.Recipients {
			t.Fatalf("round %d: %v", round, p)
		}
		last := time.Duration(0)
		for _, k := range p.kills {
			sending := k.at >= p.wait && k.at < p.wait+c.sending(p)
			after := k.at - p.kills[0].at
			repairing := after >= lease && after < lease+tick+takingOver && k.at%tick < takingOver
			if k.at < last || !sending && !repairing {
				t.Fatalf("round %d, %v for %v: a kill at %v", round, p, c.sending(p), k.at)
			}
			last = k.at
			switch {
			case repairing:
				repairs++
			case k.everything:
				all++
			default:
				one++
			}
		}
	}
	if one == 0 || all == 0 || repairs == 0 {
		t.Errorf("%d kills were of a sender, %d of everything and %d at the repair, want some of each", one, all, repairs)
	}
}

func TestWhoResumesDoesNotWaitForTheDispatcher(t *testing.T) {
	t.Parallel()
	c := Config{Seed: 1, Recipients: 600, Rate: 200, Resume: true}
	for round := range 100 {
		p := c.newPlan(round)
		if last := p.kills[len(p.kills)-1].at; p.wait != 0 || last >= c.sending(p) {
			t.Errorf("round %d: the wait is %v and the last kill at %v", round, p.wait, last)
		}
	}
}
