package dynamodb

import (
	"maps"
	"slices"

	"sluice/internal/local/dynamodb/attribute"
)

type keysAndAttributes struct {
	Keys                     []attribute.Item
	ConsistentRead           bool              `json:",omitempty"`
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
}

type batchGetItemInput struct {
	RequestItems           map[string]keysAndAttributes
	ReturnConsumedCapacity string
}

type batchGetItemOutput struct {
	Responses        map[string][]attribute.Item
	UnprocessedKeys  map[string]keysAndAttributes
	ConsumedCapacity []capacity `json:",omitempty"`
}

func (s *Server) batchGetItem(in batchGetItemInput) (batchGetItemOutput, error) {
	out := batchGetItemOutput{Responses: map[string][]attribute.Item{}, UnprocessedKeys: map[string]keysAndAttributes{}}
	if err := s.checkBatchGet(in); err != nil {
		return out, err
	}
	bytes, total := 0, bill{}
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		wanted, t := in.RequestItems[name], s.tables[name]
		projection, err := readProjection(wanted.ProjectionExpression, wanted.ExpressionAttributeNames)
		if err != nil {
			return out, err
		}
		out.Responses[name] = []attribute.Item{}
		for i, key := range wanted.Keys {
			item := t.get(key)
			if bytes += item.Size(); bytes > MaxBatchGetBytes {
				left := wanted
				left.Keys = wanted.Keys[i:]
				out.UnprocessedKeys[name] = left
				break
			}
			total.add(name, spent{table: readUnits(item.Size(), wanted.ConsistentRead)})
			if item != nil {
				out.Responses[name] = append(out.Responses[name], projection.Apply(item))
			}
		}
	}
	var err error
	out.ConsumedCapacity, err = total.consumed(in.ReturnConsumedCapacity)
	return out, err
}

func (s *Server) checkBatchGet(in batchGetItemInput) error {
	count := 0
	for name, wanted := range in.RequestItems {
		t, err := s.table(name)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, key := range wanted.Keys {
			if err := t.checkKey(key); err != nil {
				return err
			}
			if id := t.identity(key); seen[id] {
				return invalid("Provided list of item keys contains duplicates")
			} else {
				seen[id] = true
			}
		}
		count += len(wanted.Keys)
		if len(wanted.Keys) == 0 {
			return invalid("The list of keys for table %s is empty", name)
		}
	}
	if count < 1 || count > MaxBatchGets {
		return invalid("Too many items requested for the BatchGetItem call: %d, it must be 1 to %d", count, MaxBatchGets)
	}
	return nil
}

type writeRequest struct {
	PutRequest    *struct{ Item attribute.Item }
	DeleteRequest *struct{ Key attribute.Item }
}

type batchWriteItemInput struct {
	RequestItems           map[string][]writeRequest
	ReturnConsumedCapacity string
}

type batchWriteItemOutput struct {
	UnprocessedItems map[string][]writeRequest
	ConsumedCapacity []capacity `json:",omitempty"`
}

// batchWriteItem stores all or, when something is wrong with the request, nothing.
func (s *Server) batchWriteItem(in batchWriteItemInput) (batchWriteItemOutput, error) {
	out := batchWriteItemOutput{UnprocessedItems: map[string][]writeRequest{}}
	var changes []change
	total := bill{}
	seen := map[string]bool{}
	for name, requests := range in.RequestItems {
		for _, request := range requests {
			c, err := request.prepare(s, name)
			if err != nil {
				return out, err
			}
			if id := name + "/" + c.id; seen[id] {
				return out, invalid("Provided list of item keys contains duplicates")
			} else {
				seen[id] = true
			}
			total.add(name, c.table.writeUnits(c.old, c.item, false))
			changes = append(changes, c)
		}
	}
	if len(changes) < 1 || len(changes) > MaxBatchWrites {
		return out, invalid("Too many items requested for the BatchWriteItem call: %d, it must be 1 to %d",
			len(changes), MaxBatchWrites)
	}
	var err error
	if out.ConsumedCapacity, err = total.consumed(in.ReturnConsumedCapacity); err != nil {
		return out, err
	}
	for _, c := range changes {
		c.store()
	}
	return out, nil
}

func (r writeRequest) prepare(s *Server, table string) (change, error) {
	switch {
	case r.PutRequest != nil && r.DeleteRequest == nil:
		return put{TableName: table, Item: r.PutRequest.Item}.prepare(s)
	case r.DeleteRequest != nil && r.PutRequest == nil:
		return del{TableName: table, Key: r.DeleteRequest.Key}.prepare(s)
	}
	return change{}, invalid("A write request must have exactly one of PutRequest and DeleteRequest")
}
