package simulation

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/inprocess"
	"sluice/internal/local"
)

// StoreNaively stores n recipients by the naive design, an item for each, as many to a call as DynamoDB takes. The meter
// counts.
func StoreNaively(t *testing.T, m *Meter, n int) {
	t.Helper()
	cloud, err := local.NewCloud(naiveTemplate(), cloudURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := naive{db: dynamodb.NewFromConfig(awsConfig(m.Transport("create", inprocess.Transport(cloud))))}
	err = inParallel(t.Context(), slices.Chunk(Recipients(n), naivePuts), func(ctx context.Context, part []string) error {
		return f.put(ctx, "01NAIVE0000000000000000000", part)
	})
	if err != nil {
		t.Fatal(err)
	}
}
