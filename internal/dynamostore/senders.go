package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// CampaignsFrom implements returns.Store.
func (s *Store) CampaignsFrom(ctx context.Context, from sms.Sender, since time.Time, limit int) ([]string, error) {
	found, err := s.query(ctx, query{
		limit: limit, descending: true,
		condition: expression.Key(attrPK).Equal(expression.Value(senderPrefix + string(from))).
			And(expression.Key(attrSK).GreaterThanEqual(expression.Value(madeSince(since)))),
	})
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(found))
	for _, e := range found {
		ids = append(ids, e.sk())
	}
	return ids, nil
}

// MessagesTo implements returns.Store.
func (s *Store) MessagesTo(ctx context.Context, to sms.Number, campaigns []string) (map[string]campaign.Message, error) {
	keys := make([]key, 0, len(campaigns))
	for _, id := range campaigns {
		keys = append(keys, messageKey(id, to))
	}
	items, err := s.getAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[string]campaign.Message, len(items))
	for _, stored := range items {
		item, err := decode[messageItem](stored)
		if err != nil {
			return nil, err
		}
		found[campaignOfMessage(entry(stored).pk())] = item.message(to)
	}
	return found, nil
}
