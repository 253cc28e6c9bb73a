package preflight

// stride follows how long the texts of a list are, chunk by chunk: under a limit in segments, every text of a chunk takes as
// much as the longest in it (campaign.Deliverer). What it leaves out is the moment that a chunk of longer texts waits behind
// one of shorter ones, for a window to get free.
type stride struct {
	chunk   int
	texts   int
	longest []uint16 // of each chunk
}

func (s *stride) add(segments uint16) {
	if s.texts%s.chunk == 0 {
		s.longest = append(s.longest, 0)
	}
	last := len(s.longest) - 1
	s.longest[last] = max(s.longest[last], segments)
	s.texts++
}

// charged are the texts by how many segments each is charged for.
func (s *stride) charged() map[int]int {
	texts := make(map[int]int)
	for i, n := range s.longest {
		texts[int(n)] += min(s.chunk, s.texts-i*s.chunk)
	}
	return texts
}
