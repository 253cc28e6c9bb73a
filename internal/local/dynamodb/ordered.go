package dynamodb

import (
	"cmp"
	"slices"

	"sluice/internal/local/dynamodb/attribute"
)

// ordered holds items by partition key, and within a partition by sort key: a table's own order, or an index's.
type ordered struct {
	hash, rng  Key
	projects   map[string]bool // The attributes that it has; nil for all.
	partitions map[string][]entry
}

// entry is an item in a partition. Where sort keys are equal, as they may be in an index, the identity decides.
type entry struct {
	order, id string
	item      attribute.Item
}

func compare(a, b entry) int {
	return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.id, b.id))
}

func newOrdered(hash, rng Key) *ordered {
	return &ordered{hash: hash, rng: rng, partitions: map[string][]entry{}}
}

// place returns the partition and the place in it that an item has by its keys; false if it lacks one.
func (o *ordered) place(item attribute.Item, id string) (partition string, e entry, ok bool) {
	hash, ok := item[o.hash.Name]
	if !ok {
		return "", entry{}, false
	}
	e = entry{id: id, item: item}
	if o.rng.Name != "" {
		rng, ok := item[o.rng.Name]
		if !ok {
			return "", entry{}, false
		}
		e.order = rng.Order()
	}
	return hash.Order(), e, true
}

func (o *ordered) get(key attribute.Item, id string) attribute.Item {
	partition, e, ok := o.place(key, id)
	if !ok {
		return nil
	}
	entries := o.partitions[partition]
	if i, found := slices.BinarySearchFunc(entries, e, compare); found {
		return entries[i].item
	}
	return nil
}

// replace takes old out and puts item in, either of which may be nil or not belong here.
func (o *ordered) replace(old, item attribute.Item, id string) {
	if partition, e, ok := o.place(old, id); ok {
		entries := o.partitions[partition]
		if i, found := slices.BinarySearchFunc(entries, e, compare); found {
			entries = slices.Delete(entries, i, i+1)
		}
		if len(entries) == 0 {
			delete(o.partitions, partition)
		} else {
			o.partitions[partition] = entries
		}
	}
	if partition, e, ok := o.place(item, id); ok {
		entries := o.partitions[partition]
		i, _ := slices.BinarySearchFunc(entries, e, compare)
		o.partitions[partition] = slices.Insert(entries, i, e)
	}
}

// has reports whether the item is in this order at all.
func (o *ordered) has(item attribute.Item) bool {
	_, _, ok := o.place(item, "")
	return ok
}

// project returns the part of an item that is here.
func (o *ordered) project(item attribute.Item) attribute.Item {
	if o.projects == nil || item == nil {
		return item
	}
	part := attribute.Item{}
	for name, value := range item {
		if o.projects[name] {
			part[name] = value
		}
	}
	return part
}
