package dynamodb_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

const indexes = types.ReturnConsumedCapacityIndexes

// parts is consumed capacity as a reader sees it: of all, of the table, of each index.
type parts struct {
	Total, Table float64
	Indexes      map[string]float64
}

func partsOf(c *types.ConsumedCapacity) parts {
	if c == nil || c.Table == nil {
		return parts{}
	}
	p := parts{Total: *c.CapacityUnits, Table: *c.Table.CapacityUnits}
	for name, x := range c.GlobalSecondaryIndexes {
		if p.Indexes == nil {
			p.Indexes = map[string]float64{}
		}
		p.Indexes[name] = *x.CapacityUnits
	}
	return p
}

func wantParts(t *testing.T, what string, got *types.ConsumedCapacity, err error, want parts) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(want, partsOf(got)); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// The key of an item "a", "1" takes 2+1 and 2+1 bytes, the attribute v one and its text.
const keyAndName = 7

func TestUnitsBeginAtTheByte(t *testing.T) {
	f := open(t)
	text := func(size int) item { return item{"v": str(strings.Repeat("x", size-keyAndName))} }
	for _, c := range []struct {
		name        string
		more        item
		write, read float64
	}{
		{"a key alone", nil, 1, 1},
		{"1 KB", text(1 << 10), 1, 1},
		{"1 KB and a byte", text(1<<10 + 1), 2, 1},
		{"4 KB", text(4 << 10), 4, 1},
		{"4 KB and a byte", text(4<<10 + 1), 5, 2},
		// n takes its name and 1 + 1 for each two digits begun.
		{"1 KB with a number of four digits", item{"v": str(strings.Repeat("x", 1<<10-keyAndName-4)), "n": num(1234)}, 1, 1},
		// t takes its name and 1; l its name, 3 for a list, and 1 and 2 for each of two strings.
		{"1 KB and a byte with a truth and a list", item{"v": str(strings.Repeat("x", 1<<10+1-keyAndName-2-10)),
			"t": &types.AttributeValueMemberBOOL{Value: true}, "l": list(str("ab"), str("cd"))}, 2, 1},
	} {
		it := with(key("a", "1"), c.more)
		if _, err := f.client.DeleteItem(f.ctx, &awsdynamodb.DeleteItemInput{TableName: table, Key: key("a", "1")}); err != nil {
			t.Fatal(err)
		}
		put, err := f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{TableName: table, Item: it, ReturnConsumedCapacity: indexes})
		wantParts(t, "a put of "+c.name, put.ConsumedCapacity, err, parts{Total: c.write, Table: c.write})
		got, err := f.client.GetItem(f.ctx, &awsdynamodb.GetItemInput{TableName: table, Key: key("a", "1"),
			ConsistentRead: aws.Bool(true), ReturnConsumedCapacity: indexes})
		wantParts(t, "a get of "+c.name, got.ConsumedCapacity, err, parts{Total: c.read, Table: c.read})
	}
}

func TestConsumedCapacityOfIndexes(t *testing.T) {
	f := open(t)
	update := func(what, text string, values item, want parts) {
		t.Helper()
		out, err := f.client.UpdateItem(f.ctx, &awsdynamodb.UpdateItemInput{TableName: table, Key: key("i", "1"),
			UpdateExpression: &text, ExpressionAttributeValues: values, ReturnConsumedCapacity: indexes})
		wantParts(t, what, out.ConsumedCapacity, err, want)
	}
	due := func(n float64) map[string]float64 { return map[string]float64{"due": n} }
	update("an entry appears", "SET due_shard = :s, due_at = :a", item{":s": str("D"), ":a": num(1)}, parts{2, 1, due(1)})
	update("the same again", "SET due_at = :a", item{":a": num(1)}, parts{1, 1, nil})
	update("another attribute of it changes", "SET v = :v", item{":v": num(1)}, parts{2, 1, due(1)})
	update("its key changes", "SET due_at = :a", item{":a": num(2)}, parts{3, 1, due(2)})
	update("a second index", "SET colour = :c", item{":c": str("red")}, parts{3, 1, map[string]float64{"due": 1, "keys": 1}})
	update("what only one of them has", "SET v = :v", item{":v": num(2)}, parts{2, 1, due(1)})
	query := f.query(awsdynamodb.QueryInput{IndexName: aws.String("due"), KeyConditionExpression: aws.String("due_shard = :s"),
		ExpressionAttributeValues: item{":s": str("D")}, ReturnConsumedCapacity: indexes})
	wantParts(t, "a query of an index", query.ConsumedCapacity, nil, parts{0.5, 0, due(0.5)})
	update("it disappears", "REMOVE due_at", nil, parts{2, 1, due(1)})
	wrote, err := f.client.BatchWriteItem(f.ctx, &awsdynamodb.BatchWriteItemInput{ReturnConsumedCapacity: indexes,
		RequestItems: map[string][]types.WriteRequest{*table: {
			{PutRequest: &types.PutRequest{Item: key("j", "1")}}, {DeleteRequest: &types.DeleteRequest{Key: key("i", "1")}}}}})
	if err != nil || len(wrote.ConsumedCapacity) != 1 {
		t.Fatalf("%v, %v", wrote, err)
	}
	wantParts(t, "a batch", &wrote.ConsumedCapacity[0], nil, parts{3, 2, map[string]float64{"keys": 1}})
}

func TestConsumedCapacityOfATransaction(t *testing.T) {
	onlyHere(t, "DynamoDB Local doubles twice, and the index too; the service doubles once, and only the table")
	f := open(t)
	indexed := with(key("i", "1"), item{"due_shard": str("D"), "due_at": num(1)})
	large := with(key("l", "1"), item{"v": str(strings.Repeat("x", 5<<10))})
	f.put(large)
	in := &awsdynamodb.TransactWriteItemsInput{ReturnConsumedCapacity: indexes, ClientRequestToken: aws.String("once"),
		TransactItems: []types.TransactWriteItem{putting(indexed, ""), {Delete: &types.Delete{TableName: table, Key: key("l", "1")}},
			{ConditionCheck: &types.ConditionCheck{TableName: table, Key: key("c", "1"),
				ConditionExpression: aws.String("attribute_not_exists(pk)")}}}}
	out, err := f.client.TransactWriteItems(f.ctx, in)
	if err != nil || len(out.ConsumedCapacity) != 1 {
		t.Fatalf("%v, %v", out, err)
	}
	first := out.ConsumedCapacity[0]
	wantParts(t, "a put, a deletion of more than 5 KB and a check", &first, nil, parts{2 + 12 + 2 + 1, 2 + 12 + 2, map[string]float64{"due": 1}})
	if aws.ToFloat64(first.WriteCapacityUnits) != 17 || first.ReadCapacityUnits != nil {
		t.Errorf("a transaction says that it wrote: %+v", first)
	}
	out, err = f.client.TransactWriteItems(f.ctx, in)
	if err != nil || len(out.ConsumedCapacity) != 1 {
		t.Fatalf("%v, %v", out, err)
	}
	again := out.ConsumedCapacity[0]
	wantParts(t, "the same once more", &again, nil, parts{Total: 2 + 4 + 2, Table: 2 + 4 + 2})
	if aws.ToFloat64(again.ReadCapacityUnits) != 8 || again.WriteCapacityUnits != nil {
		t.Errorf("a transaction that was applied before only reads: %+v", again)
	}
}

func TestConsumedCapacityMustBeOfAKnownKind(t *testing.T) {
	f := open(t)
	_, err := f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{TableName: table, Item: key("a", "1"), ReturnConsumedCapacity: "ALL"})
	wantInvalid(t, err, "INDEXES, TOTAL and NONE")
	f.want(key("a", "1"), nil)
}
