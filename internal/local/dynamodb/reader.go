package dynamodb

import (
	"slices"

	"sluice/internal/local/dynamodb/attribute"
	"sluice/internal/local/dynamodb/expression"
)

// reader fills one page of a Query or Scan.
type reader struct {
	span
	table      *table
	from       *ordered
	scope      *expression.Scope
	filter     expression.Condition
	projection expression.Projection

	page  page
	bytes int
	last  attribute.Item // The item that was evaluated last.
	more  bool           // The page ended before the entries did.
}

// reader reads what Query and Scan have in common. The key condition is still to be read, then call ready.
func (s *Server) reader(in span) (*reader, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	r := &reader{span: in, table: t, from: t.primary}
	if in.IndexName != "" {
		if r.from = t.indexes[in.IndexName]; r.from == nil {
			return nil, invalid("The table does not have the specified index: %s", in.IndexName)
		}
		if in.ConsistentRead {
			return nil, invalid("Consistent reads are not supported on global secondary indexes")
		}
	}
	if in.Limit != nil && *in.Limit < 1 {
		return nil, invalid("Value %d at 'limit' failed to satisfy constraint: must be at least 1", *in.Limit)
	}
	if err := checkSelect(in); err != nil {
		return nil, err
	}
	r.scope = expression.NewScope(in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	if r.filter, err = r.scope.Condition("FilterExpression", in.FilterExpression); err != nil {
		return nil, invalidBecause(err)
	}
	if r.projection, err = r.scope.Projection(in.ProjectionExpression); err != nil {
		return nil, invalidBecause(err)
	}
	return r, nil
}

func checkSelect(in span) error {
	switch in.Select {
	case "", "COUNT":
	case "ALL_PROJECTED_ATTRIBUTES":
		if in.IndexName == "" {
			return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
		}
	case "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES":
		if (in.Select == "SPECIFIC_ATTRIBUTES") != (in.ProjectionExpression != nil) || in.IndexName != "" {
			return invalid("Select %s does not go with the index or the projection, or is not supported locally", in.Select)
		}
	default:
		return invalid("Value '%s' at 'select' failed to satisfy constraint", in.Select)
	}
	return nil
}

// ready checks what can only be checked when all expressions are read.
func (r *reader) ready() error {
	if err := r.scope.Done(); err != nil {
		return invalidBecause(err)
	}
	if r.ExclusiveStartKey == nil {
		return nil
	}
	if err := r.table.checkPrimary(r.ExclusiveStartKey); err != nil {
		return invalid("The provided starting key is invalid: %v", err)
	}
	for _, k := range []Key{r.from.hash, r.from.rng} {
		if k.Name != "" && r.ExclusiveStartKey[k.Name].Kind != k.Kind {
			return invalid("The provided starting key is invalid: the key %s is missing or not of kind %s", k.Name, k.Kind)
		}
	}
	if len(r.ExclusiveStartKey) != len(r.startKey(r.ExclusiveStartKey)) {
		return invalid("The provided starting key is invalid: it has other attributes than keys")
	}
	return nil
}

// checkCondition holds the values of a key condition to the kinds of the keys.
func checkCondition(from *ordered, key expression.KeyCondition) error {
	mismatch := func(k Key, v attribute.Value) error {
		switch {
		case v.Kind != k.Kind:
			return invalid("One or more parameter values were invalid: Condition parameter type does not match schema type: %s "+
				"is of kind %s, not %s", k.Name, k.Kind, v.Kind)
		case v.Kind != attribute.Number && v.Text == "":
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "+
				"empty string value. Key: %s", k.Name)
		}
		return nil
	}
	if err := mismatch(from.hash, key.Hash); err != nil {
		return err
	}
	for _, v := range key.Range {
		if err := mismatch(from.rng, v); err != nil {
			return err
		}
	}
	return nil
}

// after leaves out the entries up to the start key and the start key itself, which need not be there any more.
func (r *reader) after(entries []entry, forward bool) ([]entry, error) {
	_, start, ok := r.from.place(r.ExclusiveStartKey, r.table.identity(r.ExclusiveStartKey))
	if !ok {
		return nil, invalid("The provided starting key is invalid")
	}
	i, found := slices.BinarySearchFunc(entries, start, compare)
	if !forward {
		return entries[:i], nil
	}
	if found {
		i++
	}
	return entries[i:], nil
}

// read takes entries into the page and reports whether there is room for more.
func (r *reader) read(entries []entry) bool {
	for i := range entries {
		if !r.take(entries[i]) {
			return false
		}
	}
	return true
}

func (r *reader) readBackward(entries []entry) {
	for _, e := range slices.Backward(entries) {
		if !r.take(e) {
			return
		}
	}
}

// take evaluates one entry. The page ends after Limit entries, or before the one that would take it beyond 1 MB; both count
// what was evaluated, before the filter (Developer Guide, "Querying tables", Limiting and Paginating).
func (r *reader) take(e entry) bool {
	item := r.from.project(e.item)
	size := item.Size()
	if r.page.ScannedCount > 0 && r.bytes+size > MaxPageBytes {
		r.more = true
		return false
	}
	r.bytes += size
	r.last = e.item
	r.page.ScannedCount++
	if r.filter.Holds(item) {
		r.page.Count++
		if r.Select != "COUNT" {
			r.page.Items = append(r.page.Items, r.projection.Apply(item))
		}
	}
	// A page that is full says so even when nothing follows, as the service does.
	r.more = r.Limit != nil && r.page.ScannedCount == *r.Limit
	return !r.more
}

func (r *reader) finish() (page, error) {
	if r.more {
		r.page.LastEvaluatedKey = r.startKey(r.last)
	}
	n, s := readUnits(r.bytes, r.ConsistentRead), spent{}
	if r.IndexName != "" {
		s.addIndex(r.IndexName, n)
	} else {
		s.table = n
	}
	var err error
	r.page.ConsumedCapacity, err = consumed(r.ReturnConsumedCapacity, r.table.Name, s)
	return r.page, err
}

// startKey picks the keys of the table and of the index that is read.
func (r *reader) startKey(item attribute.Item) attribute.Item {
	key := r.table.keyOf(item)
	key[r.from.hash.Name] = item[r.from.hash.Name]
	if r.from.rng.Name != "" {
		key[r.from.rng.Name] = item[r.from.rng.Name]
	}
	return key
}
