package recipients

// Sealer makes one list of parts: who stood there before is left out. It holds about 20 MB for a million recipients, and is
// for one goroutine.
type Sealer struct {
	seen       map[uint64]struct{}
	pages      []Leaf
	duplicates int
}

// NewSealer returns a sealer of those parts.
func NewSealer(parts []Part) *Sealer {
	n := 0
	for _, p := range parts {
		n += p.Accepted
	}
	return &Sealer{seen: make(map[uint64]struct{}, n)}
}

// Add takes the entries of a page, each page once, in the order of the list. It returns those that did not stand there
// before.
func (s *Sealer) Add(p Part, page int, entries []Entry) []Entry {
	leaf := Leaf{Part: p.Number, Digest: p.Digest, Page: page, Rows: len(entries)}
	fresh := entries
	for i, e := range entries {
		n := e.Number.Uint64()
		if _, ok := s.seen[n]; !ok {
			s.seen[n] = struct{}{}
			if leaf.Without != nil {
				fresh = append(fresh, e)
			}
			continue
		}
		if leaf.Without == nil {
			fresh = append([]Entry(nil), entries[:i]...)
		}
		leaf.Without = leaf.Without.With(i, len(entries))
		s.duplicates++
	}
	s.pages = append(s.pages, leaf)
	return fresh
}

// Duplicates is how many entries were left out.
func (s *Sealer) Duplicates() int { return s.duplicates }

// Index is the list.
func (s *Sealer) Index() Index { return NewIndex(s.pages) }
