package dynamostore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// wireText and wireNumber are attributes as DynamoDB writes them (API reference, AttributeValue).
type (
	wireText   struct{ S string }
	wireNumber struct{ N string }
)

// wirePage is the answer to a Query, of items that are read into T. Field names are attributes, in whatever case.
type wirePage[T any] struct {
	Items            []T
	LastEvaluatedKey map[string]wireText
}

// start is where the next page begins, nil at the end.
func (p wirePage[T]) start() attributes {
	if len(p.LastEvaluatedKey) == 0 {
		return nil
	}
	keys := make(attributes, len(p.LastEvaluatedKey))
	for name, v := range p.LastEvaluatedKey {
		keys[name] = &types.AttributeValueMemberS{Value: v.S}
	}
	return keys
}

// readAs makes a query and reads its answer into a page. The SDK makes a tree of interfaces of each answer, and that is
// decoded; where a million items are read, that is most of the time: this takes a fifth of it.
func readAs[T any](ctx context.Context, db *dynamodb.Client, in *dynamodb.QueryInput) (wirePage[T], error) {
	var page wirePage[T]
	_, err := db.Query(ctx, in, func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			theirs, ok := stack.Deserialize.Get(deserializer)
			if !ok {
				return errors.New("the SDK has no step that reads answers")
			}
			_, err := stack.Deserialize.Swap(deserializer, ownReader[T]{DeserializeMiddleware: theirs, page: &page})
			return err
		})
	})
	return page, err
}

// deserializer is the SDK's name for the step that reads answers.
const deserializer = "OperationDeserializer"

// ownReader reads what is no error in place of the SDK's step.
type ownReader[T any] struct {
	middleware.DeserializeMiddleware
	page *wirePage[T]
}

// HandleDeserialize implements middleware.DeserializeMiddleware.
func (r ownReader[T]) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode < 200 || response.StatusCode >= 300 {
		answered := middleware.DeserializeHandlerFunc(func(context.Context, middleware.DeserializeInput,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			return out, metadata, err
		})
		return r.DeserializeMiddleware.HandleDeserialize(ctx, in, answered)
	}
	*r.page = wirePage[T]{} // of an attempt before
	body, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(body, r.page)
	}
	if err != nil {
		return out, metadata, fmt.Errorf("read an answer: %w", err)
	}
	out.Result = &dynamodb.QueryOutput{}
	return out, metadata, nil
}
