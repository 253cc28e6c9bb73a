package dynamostore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

type apiKeyItem struct {
	Name      string  `dynamodbav:"name"`
	CreatedAt instant `dynamodbav:"created_at"`
}

// AddKey lets the key in under a name. Only its SHA-256 is stored.
func (s *Store) AddKey(ctx context.Context, secret, name string, now time.Time) error {
	item, err := encode(apiKeyKey(hash(secret)), apiKeyItem{Name: name, CreatedAt: at(now)})
	if err != nil {
		return err
	}
	if _, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: item}); err != nil {
		return fmt.Errorf("store an API key: %w", err)
	}
	return nil
}

// KeyName returns the name of a key that was added; campaign.ErrNotFound for any other.
func (s *Store) KeyName(ctx context.Context, secret string) (string, error) {
	item, err := get[apiKeyItem](ctx, s, apiKeyKey(hash(secret)))
	return item.Name, err
}

// hash needs no salt: keys are random, 32 bytes, and not chosen by people.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
