package dynamodb

import (
	"maps"
	"slices"

	"sluice/internal/local/dynamodb/attribute"
)

// capacity is what ReturnConsumedCapacity asked for (API Reference, ConsumedCapacity).
type capacity struct {
	TableName string
	part
	Table                  *part           `json:",omitempty"` // This and the next only where INDEXES asked for them.
	GlobalSecondaryIndexes map[string]part `json:",omitempty"`
}

// part is the capacity of a table without its indexes, of an index, or of all. Only transactions tell reads from writes.
type part struct {
	CapacityUnits      float64
	ReadCapacityUnits  float64 `json:",omitempty"`
	WriteCapacityUnits float64 `json:",omitempty"`
}

// spent is what an operation took of one table, in units.
type spent struct {
	table   float64
	indexes map[string]float64 // Those that were touched.
}

func (s *spent) add(other spent) {
	s.table += other.table
	for name, n := range other.indexes {
		s.addIndex(name, n)
	}
}

func (s *spent) addIndex(name string, n float64) {
	if s.indexes == nil {
		s.indexes = map[string]float64{}
	}
	s.indexes[name] += n
}

// consumed answers what was spent, if it was asked for.
func consumed(asked, table string, s spent) (*capacity, error) {
	return s.answer(asked, table, func(n float64) part { return part{CapacityUnits: n} })
}

func (s spent) answer(asked, table string, of func(float64) part) (*capacity, error) {
	if err := checkAsked(asked); err != nil || asked == "" || asked == "NONE" {
		return nil, err
	}
	total := s.table
	for _, n := range s.indexes {
		total += n
	}
	answer := &capacity{TableName: table, part: of(total)}
	if asked == "TOTAL" {
		return answer, nil
	}
	own := of(s.table)
	answer.Table = &own
	if len(s.indexes) > 0 {
		answer.GlobalSecondaryIndexes = map[string]part{}
	}
	for name, n := range s.indexes {
		answer.GlobalSecondaryIndexes[name] = of(n)
	}
	return answer, nil
}

func checkAsked(asked string) error {
	switch asked {
	case "", "NONE", "TOTAL", "INDEXES":
		return nil
	}
	return invalid("Value '%s' at 'returnConsumedCapacity' failed to satisfy constraint: it must be one of INDEXES, TOTAL "+
		"and NONE", asked)
}

// bill is what an operation over several tables spent.
type bill map[string]spent

func (b bill) add(table string, s spent) {
	sum := b[table]
	sum.add(s)
	b[table] = sum
}

// consumed answers it table by table, in the order of their names.
func (b bill) consumed(asked string) ([]capacity, error) {
	return b.answer(asked, func(n float64) part { return part{CapacityUnits: n} })
}

// consumedInTransaction is consumed for a transaction that wrote.
func (b bill) consumedInTransaction(asked string) ([]capacity, error) {
	return b.answer(asked, func(n float64) part { return part{CapacityUnits: n, WriteCapacityUnits: n} })
}

// consumedAgain is consumed for a transaction that had been applied before.
func (b bill) consumedAgain(asked string) ([]capacity, error) {
	return b.answer(asked, func(n float64) part { return part{CapacityUnits: n, ReadCapacityUnits: n} })
}

func (b bill) answer(asked string, of func(float64) part) ([]capacity, error) {
	var all []capacity
	for _, table := range slices.Sorted(maps.Keys(b)) {
		one, err := b[table].answer(asked, table, of)
		if err != nil {
			return nil, err
		}
		if one != nil {
			all = append(all, *one)
		}
	}
	return all, nil
}

// units counts blocks begun, at least one (Developer Guide, "DynamoDB read and write operations").
func units(bytes, block int) float64 { return float64(max(1, (bytes+block-1)/block)) }

// readUnits is the price of reading so many bytes at once.
func readUnits(bytes int, consistent bool) float64 {
	if consistent {
		return units(bytes, readUnitBytes)
	}
	return units(bytes, readUnitBytes) / 2
}

// writeUnits is the price of replacing old by item, either of which may be nil: by the larger of the two, doubled in a
// transaction, and in each index once if what it has of the item changes, twice if the item moves in it.
func (t *table) writeUnits(old, item attribute.Item, transactional bool) spent {
	s := spent{table: units(max(old.Size(), item.Size()), writeUnitBytes)}
	if transactional {
		s.table *= transactionalUnits
	}
	for name, index := range t.indexes {
		if n := index.writeUnits(old, item); n > 0 {
			s.addIndex(name, n)
		}
	}
	return s
}

func (o *ordered) writeUnits(old, item attribute.Item) float64 {
	was, is := o.has(old), o.has(item)
	before, after := o.project(old), o.project(item)
	switch {
	case was && is && o.samePlace(old, item):
		if attribute.EqualItems(before, after) {
			return 0
		}
		return units(max(before.Size(), after.Size()), writeUnitBytes)
	case was && is:
		return units(before.Size(), writeUnitBytes) + units(after.Size(), writeUnitBytes)
	case was:
		return units(before.Size(), writeUnitBytes)
	case is:
		return units(after.Size(), writeUnitBytes)
	}
	return 0
}

func (o *ordered) samePlace(a, b attribute.Item) bool {
	return attribute.Equal(a[o.hash.Name], b[o.hash.Name]) && attribute.Equal(a[o.rng.Name], b[o.rng.Name])
}
