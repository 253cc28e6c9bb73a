package dynamodb_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/dynamodb"
)

func TestEveryKindOfValueComesBackAsItWasPut(t *testing.T) {
	f := open(t)
	whole := with(key("a", "1"), item{
		"string": str("héllo <&>"), "empty": str(""), "binary": bin("\x00\xff"), "no bytes": bin(""),
		"true": &types.AttributeValueMemberBOOL{Value: true}, "false": &types.AttributeValueMemberBOOL{},
		"null":       &types.AttributeValueMemberNULL{Value: true},
		"list":       list(str("x"), num(1), dict(item{"y": bin("z")})),
		"empty list": &types.AttributeValueMemberL{Value: []types.AttributeValue{}}, "map": dict(item{}),
		"strings": strs("a", "b"), "numbers": numbers("1", "2.5"), "nanoseconds": num("1795415201123456789"),
		"binaries": &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}},
	})
	f.put(whole)
	f.want(key("a", "1"), whole)
	f.want(key("a", "2"), nil)
}

func TestNumbersAreExactAndCanonical(t *testing.T) {
	f := open(t)
	for in, want := range map[string]string{
		"007": "7", "1.50": "1.5", "1e3": "1000", "-0": "0", "+2": "2", ".5": "0.5", "-1.5E-3": "-0.0015",
		"12345678901234567890123456789012345678": "12345678901234567890123456789012345678",
		"9.9E125":                                "99" + strings.Repeat("0", 124),
	} {
		f.put(with(key("n", "1"), item{"n": num(in)}))
		if got := f.get(key("n", "1"))["n"].(*types.AttributeValueMemberN).Value; got != want {
			t.Errorf("%s came back as %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "x", "1e", "0x1", "NaN", "1.2.3", "--1", "1" + strings.Repeat("1", 38), "1e126", "1e-131"} {
		_, err := f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{TableName: table, Item: with(key("n", "2"), item{"n": num(in)})})
		wantInvalid(t, err, "parameter values were invalid")
	}
}

func TestKeysThatWouldJoinToTheSameTextAreDifferentItems(t *testing.T) {
	f := open(t)
	f.put(with(key("a.b", "c"), item{"v": num(1)}))
	f.put(with(key("a", "b.c"), item{"v": num(2)}))
	f.want(key("a.b", "c"), with(key("a.b", "c"), item{"v": num(1)}))
}

func TestPutIsRefused(t *testing.T) {
	f := open(t)
	room := dynamodb.MaxItemBytes - len("pk"+"a"+"sk"+"1"+"v")
	f.put(with(key("a", "1"), item{"v": str(strings.Repeat("x", room))}))
	for _, c := range []struct {
		name, words string
		item        item
	}{
		{"with a byte more than 400 KB", "409600", with(key("a", "1"), item{"v": str(strings.Repeat("x", room+1))})},
		{"without a sort key", "sk", item{"pk": str("a")}},
		{"with an empty key", "empty string", key("", "1")},
		{"with a key of another kind", "mismatch", item{"pk": num(1), "sk": str("1")}},
		{"with an index key of another kind", "due_at", with(key("a", "1"), item{"due_at": str("1")})},
		{"with an empty index key", "colour", with(key("a", "1"), item{"colour": str("")})},
		{"with an empty set", "empty", with(key("a", "1"), item{"v": strs()})},
		{"with a set that has a member twice", "duplicates", with(key("a", "1"), item{"v": numbers("1", "1.0")})},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{TableName: table, Item: c.item})
			wantInvalid(t, err, c.words)
		})
	}
}

func TestConditions(t *testing.T) {
	f := open(t)
	f.put(with(key("a", "1"), item{
		"n": num(9), "s": str("running"), "status": str("x"), "l": list(num(1), str("z")), "m": dict(item{"deep": num(5)}),
		"set": strs("a", "b"), "null": &types.AttributeValueMemberNULL{Value: true}, "big": num("1795415201123456789"),
	}))
	for _, c := range []struct {
		condition string
		holds     bool
	}{
		{"attribute_exists(pk)", true}, {"attribute_not_exists(pk)", false}, {"attribute_not_exists(nope)", true},
		{"attribute_exists(#null)", true}, {"attribute_exists(m.deep)", true}, {"attribute_exists(m.nope)", false},
		{"n = :nine", true}, {"n = :ten", false}, {"n <> :ten", true}, {"n < :ten", true}, {"n > :ten", false},
		{"n <= :nine AND n >= :nine", true}, {"big < :bigger", true}, {"big = :bigger", false},
		{"n BETWEEN :nine AND :ten", true}, {"n BETWEEN :ten AND :ten", false},
		{"s IN (:other, :running)", true}, {"s IN (:other)", false},
		{"s = :nine", false}, {"s <> :nine", true}, {"s < :nine", false}, {"NOT s < :nine", true},
		{"nope = :nine", false}, {"nope <> :nine", true}, {"nope < :nine", false}, {"NOT nope < :nine", true},
		{"begins_with(s, :run)", true}, {"begins_with(n, :run)", false}, {"begins_with(nope, :run)", false},
		{"begins_with(nope, :run) OR n = :nine", true},
		{"contains(s, :run)", true}, {"contains(#set, :a)", true}, {"contains(l, :a)", false}, {"contains(l, :one)", true},
		{"contains(nope, :a)", false}, {"size(s) = :seven", true}, {"size(l) < :seven", true}, {"size(nope) < :seven", false},
		{"attribute_type(n, :N)", true}, {"attribute_type(n, :S)", false},
		{"l[0] = :one", true}, {"l[1] = :one", false}, {"l[7] = :one", false}, {"m.deep > :one", true},
		{"n = :ten OR n = :nine AND s = :running", true}, {"(n = :nine OR n = :ten) AND s = :other", false},
		{"NOT (n = :ten OR s = :other)", true}, {"NOT n = :ten AND NOT s = :other", true}, {"NOT NOT n = :nine", true},
		{"not(n=:ten)and(s=:running)", true},
	} {
		t.Run(c.condition, func(t *testing.T) {
			in := &awsdynamodb.DeleteItemInput{TableName: table, Key: key("a", "1"), ConditionExpression: &c.condition,
				ReturnValues: types.ReturnValueAllOld, ExpressionAttributeValues: item{}}
			for name, value := range map[string]types.AttributeValue{
				":nine": num(9), ":ten": num(10), ":one": num(1), ":seven": num(7), ":bigger": num("1795415201123456790"),
				":running": str("running"), ":run": str("run"), ":other": str("other"), ":a": str("a"), ":N": str("N"), ":S": str("S"),
			} {
				if slices.Contains(placeholder.FindAllString(c.condition, -1), name) {
					in.ExpressionAttributeValues[name] = value
				}
			}
			for name, stands := range map[string]string{"#null": "null", "#set": "set"} {
				if strings.Contains(c.condition, name) {
					in.ExpressionAttributeNames = map[string]string{name: stands}
				}
			}
			if len(in.ExpressionAttributeValues) == 0 {
				in.ExpressionAttributeValues = nil
			}
			out, err := f.client.DeleteItem(f.ctx, in)
			var failed *types.ConditionalCheckFailedException
			switch {
			case err == nil:
				f.put(out.Attributes)
			case !errors.As(err, &failed):
				t.Fatal(err)
			}
			if got := err == nil; got != c.holds {
				t.Errorf("holds: %v, want %v", got, c.holds)
			}
		})
	}
}

func TestExpressionsAreRefused(t *testing.T) {
	f := open(t)
	f.put(with(key("a", "1"), item{"n": num(1), "s": str("x")}))
	for _, c := range []struct {
		name, words, update, condition string
		names                          map[string]string
		values                         item
	}{
		{name: "a reserved word", words: "reserved keyword: status", update: "SET status = :v", values: item{":v": num(1)}},
		{name: "a value that is not defined", words: ":v", update: "SET n = :v"},
		{name: "a name that is not defined", words: "#n", update: "REMOVE #n"},
		{name: "a value that is not used", words: "unused", update: "REMOVE n", values: item{":v": num(1)}},
		{name: "a name that is not used", words: "unused", update: "REMOVE n", names: map[string]string{"#x": "x"}},
		{name: "a verb twice", words: "once", update: "SET n = :v SET s = :v", values: item{":v": num(1)}},
		{name: "paths that overlap", words: "overlap", update: "SET m.x = :v REMOVE m", values: item{":v": num(1)}},
		{name: "a part of the key", words: "part of the key", update: "SET sk = :v", values: item{":v": num(1)}},
		{name: "an empty expression", words: "empty", update: " "},
		{name: "two conditions side by side", words: "yntax error", update: "REMOVE n", condition: "n = n n = n"},
		{name: "an open parenthesis", words: "yntax error", update: "REMOVE n", condition: "(n = n"},
		{name: "an unknown function", words: "nvalid function", update: "REMOVE n", condition: "starts(n, n)"},
		{name: "a sum of text", words: "incorrect data type", update: "SET n = s + :v", values: item{":v": num(1)}},
		{name: "an operand that is absent", words: "does not exist", update: "SET n = nope + :v", values: item{":v": num(1)}},
		{name: "a path through what is absent", words: "document path", update: "SET nope.x = :v", values: item{":v": num(1)}},
		{name: "text to add", words: "ADD", update: "ADD n :v", values: item{":v": str("1")}},
		{name: "bounds in the wrong order", words: "BETWEEN", update: "REMOVE n", condition: "n BETWEEN :b AND :a",
			values: item{":a": num(9), ":b": num(10)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := &awsdynamodb.UpdateItemInput{TableName: table, Key: key("a", "1"), UpdateExpression: &c.update,
				ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values}
			if c.condition != "" {
				in.ConditionExpression = &c.condition
			}
			_, err := f.client.UpdateItem(f.ctx, in)
			wantInvalid(t, err, c.words)
			f.want(key("a", "1"), with(key("a", "1"), item{"n": num(1), "s": str("x")}))
		})
	}
}

func TestUpdates(t *testing.T) {
	start := item{"n": num(5), "m": num(7), "l": list(num(1), num(2), num(3)), "d": dict(item{"x": num(1), "y": num(2)}),
		"set": strs("a", "b")}
	for _, c := range []struct {
		name, update string
		values       []types.AttributeValue
		change       item // nil values are gone
	}{
		{"sets and adds up", "SET n = n + :v1, m = :v2 - m", []types.AttributeValue{num("0.5"), num(10)},
			item{"n": num("5.5"), "m": num(3)}},
		{"reads everything before it writes anything", "SET n = m, m = n", nil, item{"n": num(7), "m": num(5)}},
		{"keeps all digits", "SET n = :v1 + :v2", []types.AttributeValue{num("1795415201123456789"), num(1)},
			item{"n": num("1795415201123456790")}},
		{"removes", "REMOVE n, d.x, nope", nil, item{"n": nil, "d": dict(item{"y": num(2)})}},
		{"removes from lists by their old places", "REMOVE l[0], l[1]", nil, item{"l": list(num(3))}},
		{"sets inside maps and lists", "SET d.z = :v1, l[1] = :v1, l[9] = :v1", []types.AttributeValue{str("new")},
			item{"d": dict(item{"x": num(1), "y": num(2), "z": str("new")}),
				"l": list(num(1), str("new"), num(3), str("new"))}},
		{"adds to numbers and sets, there or not", "ADD n :v1, fresh :v1, #set :v2, bag :v2",
			[]types.AttributeValue{num(-2), strs("b", "c")},
			item{"n": num(3), "fresh": num(-2), "set": strs("a", "b", "c"), "bag": strs("b", "c")}},
		{"deletes from sets, and the set with its last member", "DELETE #set :v1", []types.AttributeValue{strs("a", "b", "z")},
			item{"set": nil}},
		{"takes what is there or something else", "SET n = if_not_exists(n, :v1), o = if_not_exists(o, :v1) + :v1",
			[]types.AttributeValue{num(1)}, item{"o": num(2)}},
		{"appends lists", "SET l = list_append(l, :v1), k = list_append(if_not_exists(k, :v1), :v1)",
			[]types.AttributeValue{list(num(4))}, item{"l": list(num(1), num(2), num(3), num(4)), "k": list(num(4), num(4))}},
		{"does all of it at once", "SET n = :v1 REMOVE m ADD o :v1 DELETE #set :v2", []types.AttributeValue{num(1), strs("b")},
			item{"n": num(1), "m": nil, "o": num(1), "set": strs("a")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(t)
			f.put(with(key("a", "1"), start))
			in := &awsdynamodb.UpdateItemInput{TableName: table, Key: key("a", "1"), UpdateExpression: &c.update}
			if c.values != nil {
				in.ExpressionAttributeValues = numbered(c.values)
			}
			if strings.Contains(c.update, "#set") {
				in.ExpressionAttributeNames = map[string]string{"#set": "set"}
			}
			if _, err := f.client.UpdateItem(f.ctx, in); err != nil {
				t.Fatal(err)
			}
			want := with(key("a", "1"), with(start, c.change))
			for name, value := range want {
				if value == nil {
					delete(want, name)
				}
			}
			f.want(key("a", "1"), want)
		})
	}
}

func TestUpdateReturnsWhatWasAskedFor(t *testing.T) {
	for mode, want := range map[types.ReturnValue]item{
		types.ReturnValueNone:       nil,
		types.ReturnValueAllOld:     with(key("a", "1"), item{"n": num(1), "same": num(3), "other": num(4)}),
		types.ReturnValueAllNew:     with(key("a", "1"), item{"n": num(2), "same": num(3), "other": num(4)}),
		types.ReturnValueUpdatedOld: {"n": num(1), "same": num(3)},
		types.ReturnValueUpdatedNew: {"n": num(2), "same": num(3)},
	} {
		f := open(t)
		f.put(with(key("a", "1"), item{"n": num(1), "same": num(3), "other": num(4)}))
		out, err := f.client.UpdateItem(f.ctx, &awsdynamodb.UpdateItemInput{
			TableName: table, Key: key("a", "1"), ReturnValues: mode,
			UpdateExpression:          aws.String("SET n = :two, same = :three"),
			ExpressionAttributeValues: item{":two": num(2), ":three": num(3)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.Attributes, ignoreUnexported); diff != "" {
			t.Errorf("%s (-want +got)\n%s", mode, diff)
		}
	}
}

func TestUpdateMakesAnItemThatIsNotThere(t *testing.T) {
	f := open(t)
	if err := f.update(key("a", "1"), "ADD n :v1", num(3)); err != nil {
		t.Fatal(err)
	}
	f.want(key("a", "1"), with(key("a", "1"), item{"n": num(3)}))
}

func TestPutAndDeleteReturnTheOldItemAndAFailedConditionBringsIt(t *testing.T) {
	f := open(t)
	old := with(key("a", "1"), item{"v": num(1)})
	f.put(old)
	_, err := f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{
		TableName: table, Item: key("a", "1"), ConditionExpression: aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) || !cmp.Equal(failed.Item, old, ignoreUnexported) {
		t.Errorf("a put whose condition failed: %v, %v", err, failed)
	}
	put, err := f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{
		TableName: table, Item: with(key("a", "1"), item{"v": num(2)}), ReturnValues: types.ReturnValueAllOld,
	})
	if err != nil || !cmp.Equal(put.Attributes, old, ignoreUnexported) {
		t.Errorf("put returned %v, %v", put, err)
	}
	for _, want := range []item{with(key("a", "1"), item{"v": num(2)}), nil} {
		gone, err := f.client.DeleteItem(f.ctx, &awsdynamodb.DeleteItemInput{
			TableName: table, Key: key("a", "1"), ReturnValues: types.ReturnValueAllOld,
		})
		if err != nil || !cmp.Equal(gone.Attributes, want, ignoreUnexported) {
			t.Errorf("delete returned %v, %v; want %v", gone, err, want)
		}
	}
}

func TestProjectionPicksPartsOfAnItem(t *testing.T) {
	f := open(t)
	f.put(with(key("a", "1"), item{"l": list(num(0), num(1), num(2)), "m": dict(item{"x": num(1), "y": num(2)}), "n": num(1)}))
	out, err := f.client.GetItem(f.ctx, &awsdynamodb.GetItemInput{
		TableName: table, Key: key("a", "1"), ProjectionExpression: aws.String("sk, l[0], l[2], m.#y, nope"),
		ExpressionAttributeNames: map[string]string{"#y": "y"},
	})
	want := item{"sk": str("1"), "l": list(num(0), num(2)), "m": dict(item{"y": num(2)})}
	if err != nil || !cmp.Equal(out.Item, want, ignoreUnexported) {
		t.Errorf("got %v, %v", cmp.Diff(want, out.Item, ignoreUnexported), err)
	}
}
