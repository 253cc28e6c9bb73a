package dynamodb_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// filled has n items in a hundred partitions.
func filled(b *testing.B, n int) fixture {
	f := open(b)
	var requests []types.WriteRequest
	for i := range n {
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: with(
			key(fmt.Sprint("p", i%100), fmt.Sprint(i*7919%n)), item{"n": num(i), "v": str("a text of usual length")})}})
		if len(requests) == 25 || i == n-1 {
			_, err := f.client.BatchWriteItem(f.ctx, &awsdynamodb.BatchWriteItemInput{
				RequestItems: map[string][]types.WriteRequest{*table: requests}})
			if err != nil {
				b.Fatal(err)
			}
			requests = nil
		}
	}
	return f
}

// BenchmarkOperations shows that an operation, the SDK's own work included, costs the same in a table of any size.
func BenchmarkOperations(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 50_000} {
		f := filled(b, n)
		for name, do := range map[string]func(i int) error{
			"PutItem": func(i int) error {
				_, err := f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{TableName: table,
					Item: with(key("new", fmt.Sprint(i%1000)), item{"n": num(i)})})
				return err
			},
			"UpdateItem": func(i int) error { return f.update(key("counter", "1"), "ADD n :v1", num(1)) },
			"TransactWriteItems of two": func(i int) error {
				return f.transact("", adding(key("counter", "1"), 1), putting(key("new", fmt.Sprint(i%1000)), ""))
			},
			"Query of ten": func(i int) error {
				_, err := f.client.Query(f.ctx, &awsdynamodb.QueryInput{TableName: table, Limit: aws.Int32(10),
					KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: item{":p": str("p7")}})
				return err
			},
		} {
			b.Run(fmt.Sprintf("%s/items=%d", name, n), func(b *testing.B) {
				for i := range b.N {
					if err := do(i); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
