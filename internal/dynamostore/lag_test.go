package dynamostore_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign/campaigntest"
	"sluice/internal/returns"
)

// The index of the embedded table never lags behind. Here it looks as if it did: replies are closed that stay in it.
func TestRepliesThatTheIndexTakesForOpenAreLeftOut(t *testing.T) {
	s, table, _ := metered(t)
	const all, shut = 12, 7
	for i := range all {
		r := plainReply()
		r.Reply.ID, r.Reply.ReceivedAt = fmt.Sprintf("R%02d", i), campaigntest.Start.Add(time.Duration(i)*time.Second)
		if err := s.Keep(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if i >= shut {
			continue
		}
		if _, err := table.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(tableName), UpdateExpression: aws.String("SET #s = :closed"),
			ExpressionAttributeNames: map[string]string{"#s": "status"},
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":closed": &types.AttributeValueMemberS{Value: string(returns.Closed)},
			},
			Key: map[string]types.AttributeValue{
				"pk": &types.AttributeValueMemberS{Value: "REPLY#" + r.Reply.ID}, "sk": &types.AttributeValueMemberS{Value: "REPLY"},
			},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, list := range []string{campaignID, returns.All} {
		var sizes []int
		var ids []string
		for after, more := "", true; more; more = after != "" {
			page, next, err := s.OpenReplies(t.Context(), list, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				ids = append(ids, r.ID)
			}
			sizes, after = append(sizes, len(page)), next
		}
		if want := []string{"R07", "R08", "R09", "R10", "R11"}; !slices.Equal(ids, want) || !slices.Equal(sizes, []int{2, 2, 1}) {
			t.Errorf("%s: the pages have %v replies, %v; want %v", list, sizes, ids, want)
		}
	}
}
