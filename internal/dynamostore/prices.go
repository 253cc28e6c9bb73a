package dynamostore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/campaign"
	"sluice/internal/price"
)

var _ price.Store = (*Store)(nil)

// pricesItem is the operator's table. An entry takes 35 bytes at most, so that price.MaxPrefixes are less than half of what an
// item holds.
type pricesItem struct {
	Currency string            `dynamodbav:"currency"`
	Prices   map[string]string `dynamodbav:"prices"`
}

// Prices implements price.Store.
func (s *Store) Prices(ctx context.Context) (price.Table, error) {
	item, err := get[pricesItem](ctx, s, pricesKey())
	if errors.Is(err, campaign.ErrNotFound) {
		return price.Table{}, nil
	}
	if err != nil {
		return price.Table{}, err
	}
	table, problems := price.NewTable(item.Currency, item.Prices)
	if len(problems) > 0 {
		return price.Table{}, fmt.Errorf("the stored prices are no table: %s %s", problems[0].Field, problems[0].Reason)
	}
	return table, nil
}

// SetPrices implements price.Store.
func (s *Store) SetPrices(ctx context.Context, t price.Table) error {
	if !t.IsSet() {
		_, err := s.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.table, Key: pricesKey().attributes()})
		return err
	}
	item, err := encode(pricesKey(), pricesItem{Currency: t.Currency(), Prices: t.Prices()})
	if err != nil {
		return err
	}
	_, err = s.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: item})
	return err
}
