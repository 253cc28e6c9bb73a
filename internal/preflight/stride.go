package preflight

import (
	"time"

	"sluice/internal/pace"
)

// stride follows a list whose texts have different numbers of segments, under a limit of segments: chunk by chunk, as a sender
// takes them (campaign.Deliverer). A chunk is as long as its longest text lets it be, each text of it takes as much of the
// limit as that one, and it may have to wait until enough of a window is free.
type stride struct {
	limits []pace.Rate // for texts of one segment, of two, and so on; none where no such limit counts
	apart  time.Duration
	most   int // texts of a chunk, as far as other limits go
	batch  int // texts of a batch, behind which a chunk ends

	state          pace.State
	began          time.Time
	texts          int
	chunk, longest int
}

func newStride(limits []pace.Rate, apart time.Duration, most, batch int) *stride {
	began := time.Unix(0, 0)
	return &stride{limits: limits, apart: apart, most: most, batch: batch, state: pace.State{TAT: began}, began: began}
}

func (s *stride) add(segments int) {
	if len(s.limits) == 0 {
		return
	}
	s.texts++
	longest := max(s.longest, segments)
	if s.chunk > 0 && s.chunk >= min(s.most, s.limits[longest-1].AtOnce) {
		s.leave()
		longest = segments
	}
	s.chunk, s.longest = s.chunk+1, longest
	if s.texts%s.batch == 0 {
		s.leave()
	}
}

// leave lets the chunk go.
func (s *stride) leave() {
	s.state = s.limits[s.longest-1].Follow(s.state, s.chunk, s.apart)
	s.chunk, s.longest = 0, 0
}

// perSecond is how many texts a second that makes, from the first to the last; 0 where no such limit counts.
func (s *stride) perSecond() float64 {
	if s.chunk > 0 {
		s.leave()
	}
	if s.texts == 0 {
		return 0
	}
	return float64(s.texts) / s.state.TAT.Sub(s.began).Seconds()
}
