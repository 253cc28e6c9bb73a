// Command apikey makes an API key for a deployed stack (make api-key). The key is printed once; the table keeps its hash.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/dynamostore"
)

func main() {
	table := flag.String("table", "", "the stack's table, TableName of its outputs")
	name := flag.String("name", "", "whose key it is")
	flag.Parse()
	if err := run(context.Background(), *table, *name); err != nil {
		fmt.Fprintln(os.Stderr, "apikey:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, table, name string) error {
	if table == "" || name == "" {
		return errors.New("-table and -name are needed")
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("load the AWS configuration: %w", err)
	}
	secret := rand.Text()
	if err := dynamostore.New(dynamodb.NewFromConfig(cfg), table).AddKey(ctx, secret, name, time.Now()); err != nil {
		return err
	}
	fmt.Println(secret)
	return nil
}
