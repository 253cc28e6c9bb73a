package dynamodb_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

var placeholder = regexp.MustCompile(`:\w+`)

func TestQueryPicksBySortKey(t *testing.T) {
	f := open(t)
	for _, sk := range []string{"b#2", "a#1", "b#1", "c", "b", "b#10"} {
		f.put(key("p", sk))
		f.put(key("other", sk))
	}
	for _, c := range []struct{ condition, forward, backward string }{
		{"pk = :p", "a#1 b b#1 b#10 b#2 c", "c b#2 b#10 b#1 b a#1"},
		{"pk = :p AND sk = :b1", "b#1", "b#1"},
		{"pk = :p AND begins_with(sk, :b)", "b b#1 b#10 b#2", "b#2 b#10 b#1 b"},
		{"pk = :p AND sk BETWEEN :b AND :b1", "b b#1", "b#1 b"},
		{"(pk = :p) AND (sk < :b1)", "a#1 b", "b a#1"},
		{"sk <= :b1 AND pk = :p", "a#1 b b#1", "b#1 b a#1"},
		{"pk = :p AND sk > :b1", "b#10 b#2 c", "c b#2 b#10"},
		{":p = pk AND :b1 <= sk", "b#1 b#10 b#2 c", "c b#2 b#10 b#1"},
		{"pk = :none", "", ""},
	} {
		t.Run(c.condition, func(t *testing.T) {
			values := item{}
			for name, v := range map[string]string{":p": "p", ":b": "b", ":b1": "b#1", ":none": "none"} {
				if slices.Contains(placeholder.FindAllString(c.condition, -1), name) {
					values[name] = str(v)
				}
			}
			in := awsdynamodb.QueryInput{KeyConditionExpression: &c.condition, ExpressionAttributeValues: values}
			if got := sortKeys(f.query(in).Items); got != c.forward {
				t.Errorf("forward: %s, want %s", got, c.forward)
			}
			in.ScanIndexForward = aws.Bool(false)
			if got := sortKeys(f.query(in).Items); got != c.backward {
				t.Errorf("backward: %s, want %s", got, c.backward)
			}
		})
	}
}

func TestQueryPagesWithoutGapOrRepeat(t *testing.T) {
	f := open(t)
	var all []string
	for i := range 10 {
		all = append(all, fmt.Sprint("k", i))
		f.put(with(key("p", all[i]), item{"odd": num(i % 2), "due_shard": str("s"), "due_at": num(i / 4)}))
	}
	for _, c := range []struct {
		name, index, condition, want string
		forward                      bool
		filter                       *string
	}{
		{"forward", "", "pk = :p", "k0 k1 k2 k3 k4 k5 k6 k7 k8 k9", true, nil},
		{"backward", "", "pk = :p", "k9 k8 k7 k6 k5 k4 k3 k2 k1 k0", false, nil},
		{"with a filter, which does not count against the limit", "", "pk = :p", "k1 k3 k5 k7 k9", true, aws.String("odd = :one")},
		{"in an index, where sort keys repeat", "due", "due_shard = :p", "k0 k1 k2 k3 k4 k5 k6 k7 k8 k9", true, nil},
		{"backward in an index", "due", "due_shard = :p", "k9 k8 k7 k6 k5 k4 k3 k2 k1 k0", false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.index != "" {
				onlyHere(t, "the real one orders equal sort keys as it likes")
			}
			in := awsdynamodb.QueryInput{KeyConditionExpression: &c.condition, Limit: aws.Int32(3), FilterExpression: c.filter,
				ScanIndexForward: &c.forward, ExpressionAttributeValues: item{":p": str("p")}}
			if c.index != "" {
				in.IndexName, in.ExpressionAttributeValues[":p"] = &c.index, str("s")
			}
			if c.filter != nil {
				in.ExpressionAttributeValues[":one"] = num(1)
			}
			var got []string
			pages := 0
			for {
				out := f.query(in)
				pages++
				if out.ScannedCount > 3 || int(out.Count) != len(out.Items) {
					t.Errorf("page %d: scanned %d, counted %d of %d", pages, out.ScannedCount, out.Count, len(out.Items))
				}
				got = append(got, strings.Fields(sortKeys(out.Items))...)
				if out.LastEvaluatedKey == nil {
					break
				}
				in.ExclusiveStartKey = out.LastEvaluatedKey
			}
			if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" || pages != 4 {
				t.Errorf("%d pages, want 4; items (-want +got)\n%s", pages, diff)
			}
		})
	}
}

func TestAPageEndsWithItsLimitEvenWhenNothingFollows(t *testing.T) {
	f := open(t)
	f.put(key("p", "only"))
	in := awsdynamodb.QueryInput{KeyConditionExpression: aws.String("pk = :p"), Limit: aws.Int32(1),
		ExpressionAttributeValues: item{":p": str("p")}}
	out := f.query(in)
	if out.LastEvaluatedKey == nil || len(out.Items) != 1 {
		t.Fatalf("first page %+v", out)
	}
	in.ExclusiveStartKey = out.LastEvaluatedKey
	if out = f.query(in); out.LastEvaluatedKey != nil || len(out.Items) != 0 {
		t.Errorf("second page %+v", out)
	}
}

func TestAPageHoldsAtMostAMegabyte(t *testing.T) {
	onlyHere(t, "DynamoDB Local adds the item that takes the page beyond 1 MB")
	f := open(t)
	for i := range 5 {
		f.put(with(key("p", fmt.Sprint(i)), item{"v": str(strings.Repeat("x", 300<<10))}))
	}
	in := awsdynamodb.QueryInput{KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: item{":p": str("p")}}
	out := f.query(in)
	if got := sortKeys(out.Items); got != "0 1 2" || out.LastEvaluatedKey == nil {
		t.Errorf("first page %s, more: %v", got, out.LastEvaluatedKey != nil)
	}
	in.ExclusiveStartKey = out.LastEvaluatedKey
	if out = f.query(in); sortKeys(out.Items) != "3 4" || out.LastEvaluatedKey != nil {
		t.Errorf("second page %s, more: %v", sortKeys(out.Items), out.LastEvaluatedKey != nil)
	}
}

func due(f fixture) string {
	f.Helper()
	return sortKeys(f.query(awsdynamodb.QueryInput{
		IndexName: aws.String("due"), KeyConditionExpression: aws.String("due_shard = :s AND due_at <= :now"),
		ExpressionAttributeValues: item{":s": str("D"), ":now": num(1000)},
	}).Items)
}

func TestAnIndexIsSparseAndOrderedByNumber(t *testing.T) {
	f := open(t)
	for _, at := range []string{"9", "10", "100", "-5", "-50", "0.5", "1e3", "1001", "-0.25", "0"} {
		f.put(with(key("c"+at, at), item{"due_shard": str("D"), "due_at": num(at)}))
	}
	f.put(with(key("none", "none"), item{"due_shard": str("D")}))
	if got := due(f); got != "-50 -5 -0.25 0 0.5 9 10 100 1e3" {
		t.Errorf("in order: %s", got)
	}
	if err := f.update(key("c10", "10"), "REMOVE due_shard, due_at"); err != nil {
		t.Fatal(err)
	}
	if err := f.update(key("c9", "9"), "SET due_at = :v1", num(99)); err != nil {
		t.Fatal(err)
	}
	f.put(with(key("c100", "100"), item{"due_shard": str("D"), "due_at": num(-100)}))
	f.put(key("c-5", "-5"))
	if _, err := f.client.DeleteItem(f.ctx, &awsdynamodb.DeleteItemInput{TableName: table, Key: key("c0", "0")}); err != nil {
		t.Fatal(err)
	}
	if got := due(f); got != "100 -50 -0.25 0.5 9 1e3" {
		t.Errorf("after a removal, a move, a replacement, a replacement without keys and a deletion: %s", got)
	}
}

func TestAnIndexHasOnlyWhatItProjects(t *testing.T) {
	f := open(t)
	f.put(with(key("a", "1"), item{"colour": str("red"), "extra": num(1), "rest": num(2)}))
	in := awsdynamodb.QueryInput{IndexName: aws.String("keys"), KeyConditionExpression: aws.String("colour = :c"),
		ExpressionAttributeValues: item{":c": str("red")}}
	want := []item{with(key("a", "1"), item{"colour": str("red"), "extra": num(1)})}
	if diff := cmp.Diff(want, f.query(in).Items, ignoreUnexported); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	in.TableName, in.ConsistentRead = table, aws.Bool(true)
	_, err := f.client.Query(f.ctx, &in)
	wantInvalid(t, err, "Consistent reads")
}

func TestQueryCountsAndProjects(t *testing.T) {
	f := open(t)
	for i := range 4 {
		f.put(with(key("p", fmt.Sprint(i)), item{"v": num(i)}))
	}
	in := awsdynamodb.QueryInput{KeyConditionExpression: aws.String("pk = :p"), FilterExpression: aws.String("v >= :two"),
		ExpressionAttributeValues: item{":p": str("p"), ":two": num(2)}, Select: types.SelectCount}
	if out := f.query(in); out.Count != 2 || out.ScannedCount != 4 || len(out.Items) != 0 {
		t.Errorf("counted %d of %d with %d items", out.Count, out.ScannedCount, len(out.Items))
	}
	in.Select, in.ProjectionExpression = "", aws.String("v")
	if diff := cmp.Diff([]item{{"v": num(2)}, {"v": num(3)}}, f.query(in).Items, ignoreUnexported); diff != "" {
		t.Errorf("projected (-want +got)\n%s", diff)
	}
}

func TestQueryIsRefused(t *testing.T) {
	f := open(t)
	values := item{":p": str("p")}
	asking := func(condition string, values item) awsdynamodb.QueryInput {
		return awsdynamodb.QueryInput{KeyConditionExpression: &condition, ExpressionAttributeValues: values}
	}
	for _, c := range []struct {
		name, words string
		in          awsdynamodb.QueryInput
	}{
		{"without the partition key", "missed", asking("sk = :p", values)},
		{"with a range of partition keys", "not supported", asking("pk > :p", values)},
		{"with an alternative", "Invalid operator", asking("pk = :p OR sk = :p", values)},
		{"with another attribute", "other", asking("pk = :p AND other = :p", values)},
		{"with a key of another kind", "schema type", asking("pk = :p", item{":p": num(1)})},
		{"with an unknown index", "index", awsdynamodb.QueryInput{IndexName: aws.String("x"),
			KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: values}},
		{"with a start key that is none", "starting key", awsdynamodb.QueryInput{KeyConditionExpression: aws.String("pk = :p"),
			ExpressionAttributeValues: values, ExclusiveStartKey: item{"pk": str("p")}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.TableName = table
			_, err := f.client.Query(f.ctx, &c.in)
			wantInvalid(t, err, c.words)
		})
	}
}

func TestScanGoesThroughAllInPages(t *testing.T) {
	f := open(t)
	want := map[string]bool{}
	for i := range 12 {
		f.put(with(key(fmt.Sprint("p", i%5), fmt.Sprint(i)), item{"v": num(i)}))
		want[fmt.Sprint(i)] = i >= 6
	}
	in := awsdynamodb.ScanInput{TableName: table, Limit: aws.Int32(5), FilterExpression: aws.String("v >= :six"),
		ExpressionAttributeValues: item{":six": num(6)}}
	got := map[string]int{}
	for {
		out, err := f.client.Scan(f.ctx, &in)
		if err != nil {
			t.Fatal(err)
		}
		for _, sk := range strings.Fields(sortKeys(out.Items)) {
			got[sk]++
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; out.LastEvaluatedKey == nil {
			break
		}
	}
	for sk, there := range want {
		if there != (got[sk] == 1) {
			t.Errorf("%s was seen %d times, wanted: %v", sk, got[sk], there)
		}
	}
}
