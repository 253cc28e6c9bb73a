package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"sluice/internal/local/process"
	"sluice/internal/local/template"
)

// What the naive design asks of DynamoDB in one call, and at once.
const (
	naivePuts     = 25 // BatchWriteItem's limit
	naiveParallel = 8
)

// naively puts an item for each recipient into the same table, by the fastest operation that there is for it.
func (o options) naively(ctx context.Context, t *report) error {
	return o.onPlatform(ctx, func(p *process.Platform) error {
		table, err := tableOf(p.Dir)
		if err != nil {
			return err
		}
		n := naive{table: table, client: dynamodb.NewFromConfig(aws.Config{
			Region: "us-east-1", BaseEndpoint: &p.DynamoDB, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		})}
		began := time.Now()
		if err := n.store(ctx, o.naive); err != nil {
			return err
		}
		t.naive(o.naive, time.Since(began), n.units)
		return nil
	})
}

// tableOf is the name of the stack's table.
func tableOf(dir string) (string, error) {
	file, err := os.Open(filepath.Join(dir, "template.yaml"))
	if err != nil {
		return "", fmt.Errorf("read the template: %w", err)
	}
	defer file.Close()
	t, err := template.Read(file, template.Options{QueueURL: func(name string) string { return name }})
	if err != nil {
		return "", fmt.Errorf("read the template: %w", err)
	}
	return t.Tables[0].Name, nil
}

type naive struct {
	table  string
	client *dynamodb.Client

	mu    sync.Mutex
	units float64 // written, as DynamoDB says
}

func (n *naive) store(ctx context.Context, recipients int) error {
	people := make([]int, recipients)
	for i := range people {
		people[i] = i
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(naiveParallel)
	for some := range slices.Chunk(people, naivePuts) {
		group.Go(func() error { return n.put(ctx, some) })
	}
	return group.Wait()
}

func (n *naive) put(ctx context.Context, people []int) error {
	requests := make([]types.WriteRequest, 0, len(people))
	for _, i := range people {
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{
			"pk": text("NAIVE#01NAIVE0000000000000000000"), "sk": text(fmt.Sprintf("44750%07d", i)), "status": text("pending"),
		}}})
	}
	out, err := n.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
		RequestItems: map[string][]types.WriteRequest{n.table: requests}, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		return fmt.Errorf("put items: %w", err)
	}
	if len(out.UnprocessedItems) > 0 {
		return fmt.Errorf("%d items were not put", len(out.UnprocessedItems[n.table]))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range out.ConsumedCapacity {
		n.units += aws.ToFloat64(c.CapacityUnits)
	}
	return nil
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }
