package dynamodb

import (
	"maps"
	"slices"
	"sort"

	"sluice/internal/local/dynamodb/attribute"
	"sluice/internal/local/dynamodb/expression"
)

type getItemInput struct {
	TableName                string
	Key                      attribute.Item
	ConsistentRead           bool
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
	ReturnConsumedCapacity   string
}

type getItemOutput struct {
	Item             attribute.Item `json:",omitempty"`
	ConsumedCapacity *capacity      `json:",omitempty"`
}

func (s *Server) getItem(in getItemInput) (getItemOutput, error) {
	var out getItemOutput
	t, err := s.table(in.TableName)
	if err != nil {
		return out, err
	}
	projection, err := readProjection(in.ProjectionExpression, in.ExpressionAttributeNames)
	if err != nil {
		return out, err
	}
	if err := t.checkKey(in.Key); err != nil {
		return out, err
	}
	item := t.get(in.Key)
	if item != nil {
		out.Item = projection.Apply(item)
	}
	out.ConsumedCapacity, err = consumed(in.ReturnConsumedCapacity, t.Name,
		spent{table: readUnits(item.Size(), in.ConsistentRead)})
	return out, err
}

func readProjection(text *string, names map[string]string) (expression.Projection, error) {
	scope := expression.NewScope(names, nil)
	projection, err := scope.Projection(text)
	if err == nil {
		err = scope.Done()
	}
	return projection, invalidBecause(err)
}

// span is what Query and Scan have in common.
type span struct {
	TableName              string
	IndexName              string
	ConsistentRead         bool
	ExclusiveStartKey      attribute.Item
	FilterExpression       *string
	Limit                  *int
	ProjectionExpression   *string
	ReturnConsumedCapacity string
	Select                 string
	placeholders
}

type page struct {
	Items            []attribute.Item `json:",omitempty"`
	Count            int
	ScannedCount     int
	LastEvaluatedKey attribute.Item `json:",omitempty"`
	ConsumedCapacity *capacity      `json:",omitempty"`
}

type queryInput struct {
	span
	KeyConditionExpression *string
	ScanIndexForward       *bool
}

func (s *Server) query(in queryInput) (page, error) {
	r, err := s.reader(in.span)
	if err != nil {
		return page{}, err
	}
	key, err := r.scope.KeyCondition(in.KeyConditionExpression, r.from.hash.Name, r.from.rng.Name)
	if err != nil {
		return page{}, invalidBecause(err)
	}
	if err := checkCondition(r.from, key); err != nil {
		return page{}, err
	}
	if err := r.ready(); err != nil {
		return page{}, err
	}
	entries := r.from.partitions[key.Hash.Order()]
	from := sort.Search(len(entries), func(i int) bool { return !key.Below(entries[i].order) })
	entries = entries[from:]
	entries = entries[:sort.Search(len(entries), func(i int) bool { return key.Above(entries[i].order) })]
	forward := in.ScanIndexForward == nil || *in.ScanIndexForward
	if in.ExclusiveStartKey != nil {
		if entries, err = r.after(entries, forward); err != nil {
			return page{}, err
		}
	}
	if forward {
		r.read(entries)
	} else {
		r.readBackward(entries)
	}
	return r.finish()
}

type scanInput struct{ span }

func (s *Server) scan(in scanInput) (page, error) {
	r, err := s.reader(in.span)
	if err != nil {
		return page{}, err
	}
	if err := r.ready(); err != nil {
		return page{}, err
	}
	first := ""
	if in.ExclusiveStartKey != nil {
		first = in.ExclusiveStartKey[r.from.hash.Name].Order()
	}
	for _, partition := range slices.Sorted(maps.Keys(r.from.partitions)) {
		if partition < first {
			continue
		}
		entries := r.from.partitions[partition]
		if partition == first && in.ExclusiveStartKey != nil {
			if entries, err = r.after(entries, true); err != nil {
				return page{}, err
			}
		}
		if !r.read(entries) {
			break
		}
	}
	return r.finish()
}
