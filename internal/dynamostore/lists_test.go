package dynamostore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/campaign/campaigntest"
	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	"sluice/internal/recipients"
)

// aDraft stores a draft that nobody is in.
func aDraft(t testing.TB, s *dynamostore.Store) campaign.Campaign {
	t.Helper()
	c := campaign.Campaign{ID: campaignID, Sender: "Sluice", Text: "?", BatchSize: 100, Status: campaign.Draft, Epoch: 1}
	if err := s.Create(t.Context(), c, recipients.Upload{}, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// aPart is n bare numbers.
func aPart(number int, digest string, n int) recipients.Upload {
	u := recipients.UploadOf(campaigntest.Numbers(n))
	u.Part.Number, u.Part.Digest, u.Part.StoredAt = number, digest, campaigntest.Start
	return u
}

// refusing is a part with refused rows besides.
func refusing(u recipients.Upload, rows int) recipients.Upload {
	for i := range rows {
		u.Refused = append(u.Refused, recipients.Refusal{At: i + 1, Number: "0", Reason: "is too short"})
	}
	u.Part.Refused, u.Part.RefusedPages = rows, (rows+recipients.PageRows-1)/recipients.PageRows
	return u
}

func count(t *testing.T, table *dynamodb.Client, prefixes ...string) int {
	t.Helper()
	n := 0
	pages := dynamodb.NewScanPaginator(table, &dynamodb.ScanInput{TableName: aws.String(tableName)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			for _, prefix := range prefixes {
				if strings.HasPrefix(item["pk"].(*types.AttributeValueMemberS).Value, prefix) {
					n++
				}
			}
		}
	}
	return n
}

func TestPagesThatNobodyNeedsAreTakenAway(t *testing.T) {
	s, table, _ := metered(t)
	c := aDraft(t, s)
	id := campaignID
	put := func(want error, u recipients.Upload) {
		t.Helper()
		if _, err := s.PutPart(t.Context(), id, u); !errors.Is(err, want) {
			t.Fatalf("the part is stored with %v, want %v", err, want)
		}
	}
	left := func(pages, refused int) {
		t.Helper()
		if p, r := count(t, table, "PAGE#"), count(t, table, "REFUSED#"); p != pages || r != refused {
			t.Errorf("%d pages and %d of refused rows are left, should be %d and %d", p, r, pages, refused)
		}
	}
	put(nil, refusing(aPart(1, "one", 2500), 1001))
	left(3, 2)
	put(nil, aPart(1, "two", 500)) // in its place
	left(1, 0)
	put(nil, refusing(aPart(2, "one", 1000), 1))
	left(2, 1)
	if err := s.RemovePart(t.Context(), campaignID, 2); err != nil {
		t.Fatal(err)
	}
	left(1, 0)
	huge := aPart(2, "huge", 1000)
	huge.Part.Accepted = recipients.MaxList
	put(recipients.ErrTooMany, huge)
	left(1, 0)
	c.Uploads = 4
	seal(t, s, c)
	put(recipients.ErrSealed, aPart(1, "late", 1000))
	put(recipients.ErrSealed, aPart(3, "late", 1000))
	left(1, 0)
	id = "none"
	put(recipients.ErrNotFound, aPart(1, "one", 10))
	left(1, 0)
}

// A million recipients in as few pages as there can be, and in as many: values of 13 KB each. Of a list in more parts, each
// name of an upload adds at most its 26 bytes.
func TestTheIndexOfTheWorstListFitsIntoAnItem(t *testing.T) {
	const parts, mostBytes = 100, 409_600 - recipients.MaxParts*26 - 10_000
	for name, c := range map[string]struct{ pages, rows, vary int }{
		"full pages":        {pages: 10, rows: recipients.PageRows, vary: 1},
		"pages of 10 to 30": {pages: 500, rows: 10, vary: 21},
	} {
		t.Run(name, func(t *testing.T) {
			s, table, _ := metered(t)
			before := aDraft(t, s)
			random := rand.New(rand.NewPCG(1, 2))
			var leaves []recipients.Leaf
			for n := range parts {
				u := recipients.Upload{Part: recipients.Part{Number: n, Digest: fmt.Sprint(n)}}
				for page := range c.pages {
					rows := c.rows + random.IntN(c.vary)
					leaves = append(leaves, recipients.Leaf{
						Part: n, Digest: u.Part.Digest, Page: page, Rows: rows, Without: someOf(random, rows),
					})
				}
				if _, err := s.PutPart(t.Context(), campaignID, u); err != nil {
					t.Fatal(err)
				}
			}
			before.Uploads = parts
			after := before
			after.Status, after.Epoch, after.Indexed = campaign.Running, 2, true
			if err := s.Seal(t.Context(), before, after, recipients.NewIndex(leaves), time.Time{}); err != nil {
				t.Fatal(err)
			}
			size := indexSize(t, table)
			t.Logf("%d pages, every second of a million rows left out: %d bytes", len(leaves), size)
			if size < 100_000 || size > mostBytes {
				t.Errorf("the index has %d bytes, should at most %d", size, mostBytes)
			}
		})
	}
}

func indexSize(t *testing.T, table *dynamodb.Client) int {
	t.Helper()
	out, err := table.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(tableName), Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "INDEX#" + campaignID}, "sk": &types.AttributeValueMemberS{Value: "INDEX"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Item["index"].(*types.AttributeValueMemberB).Value)
}

// someOf leaves out about every second row, in no order that could be packed.
func someOf(random *rand.Rand, rows int) recipients.RowSet {
	var without recipients.RowSet
	for row := range rows {
		if random.IntN(2) == 0 {
			without = without.With(row, rows)
		}
	}
	return without
}

// pageItem is the only page of any list.
func pageItem(t *testing.T, table *dynamodb.Client) map[string]types.AttributeValue {
	t.Helper()
	out, err := table.Scan(t.Context(), &dynamodb.ScanInput{
		TableName: aws.String(tableName), FilterExpression: aws.String("begins_with(pk, :page)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":page": &types.AttributeValueMemberS{Value: "PAGE#"}},
	})
	if err != nil || len(out.Items) != 1 {
		t.Fatalf("%d pages, %v; want 1", len(out.Items), err)
	}
	return out.Items[0]
}

// A page that lacks recipients is a fault: whoever stood there would not be sent to, and nobody would know.
func TestAPageThatIsShorterThanItsPartSaysIsAFault(t *testing.T) {
	s, table, _ := metered(t)
	aDraft(t, s)
	if _, err := s.PutPart(t.Context(), campaignID, aPart(1, "short", 10)); err != nil {
		t.Fatal(err)
	}
	short := pageItem(t, table)
	part, err := s.PutPart(t.Context(), campaignID, aPart(1, "whole", 20))
	if err != nil {
		t.Fatal(err)
	}
	damaged := pageItem(t, table)
	damaged["numbers"] = short["numbers"]
	if _, err := table.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: damaged}); err != nil {
		t.Fatal(err)
	}
	const want = "page 0 of part 1 has 10 rows, should have 20"
	err = s.Entries(t.Context(), campaignID, part, func(int, []recipients.Entry) error {
		t.Error("the page is passed on")
		return nil
	})
	if err == nil || err.Error() != want {
		t.Errorf("reading it ends with %v, want %s", err, want)
	}
	if _, err := campaign.Seal(t.Context(), s, campaignID); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("sealing it ends with %v", err)
	}
}

// An upload whose answer was lost is not one that came too late, or twice.
func TestAnUploadWhoseAnswerWasLostIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := inprocess.Transport(embedded(t))
		healthy := dynamostore.New(client("http://dynamodb.local", table), tableName)
		s := dynamostore.New(client("http://dynamodb.local", &lossy{next: table}), tableName)
		aDraft(t, s)
		for number := range 3 {
			if _, err := s.PutPart(t.Context(), campaignID, aPart(number, "one", 10)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.PutPart(t.Context(), campaignID, aPart(1, "two", 20)); err != nil {
			t.Fatal(err)
		}
		if err := s.RemovePart(t.Context(), campaignID, 2); err != nil {
			t.Fatal(err)
		}
		before, err := healthy.Campaign(t.Context(), campaignID)
		if err != nil || before.Recipients != 30 || before.Uploads != 5 {
			t.Fatalf("the campaign has %d recipients after %d uploads, %v; want 30 after 5", before.Recipients, before.Uploads, err)
		}
		after := seal(t, s, before)
		if list, err := healthy.Recipients(t.Context(), after.List(), 0, 20, 20); err != nil || len(list) != 20 {
			t.Errorf("the sealed list has %d recipients, %v", len(list), err)
		}
	})
}
