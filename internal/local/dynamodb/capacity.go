package dynamodb

import (
	"sluice/internal/local/dynamodb/attribute"
)

// capacity is what ReturnConsumedCapacity asked for (API Reference, ConsumedCapacity).
type capacity struct {
	TableName     string
	CapacityUnits float64
}

// consumed answers the units, if they were asked for.
func consumed(asked, table string, units float64) (*capacity, error) {
	switch asked {
	case "", "NONE":
		return nil, nil
	case "TOTAL":
		return &capacity{table, units}, nil
	}
	return nil, invalid("ReturnConsumedCapacity %s is not supported locally; TOTAL is", asked)
}

// consumedByTable does so for an operation over several tables.
func consumedByTable(asked string, units map[string]float64) ([]capacity, error) {
	var all []capacity
	for table, n := range units {
		one, err := consumed(asked, table, n)
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
func (t *table) writeUnits(old, item attribute.Item, transactional bool) float64 {
	total := units(max(old.Size(), item.Size()), writeUnitBytes)
	if transactional {
		total *= transactionalUnits
	}
	for _, index := range t.indexes {
		total += index.writeUnits(old, item)
	}
	return total
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
