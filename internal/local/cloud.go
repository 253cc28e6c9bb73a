package local

import (
	"fmt"
	"net/http"
	"strings"

	"sluice/internal/local/dynamodb"
	"sluice/internal/local/dynamodb/attribute"
	"sluice/internal/local/lambda"
	"sluice/internal/local/secrets"
	"sluice/internal/local/sqs"
	"sluice/internal/local/template"
)

// Cloud is the AWS services that the functions use, behind one endpoint. They are told apart by the operation's name,
// which AWS's JSON protocols carry in a header.
type Cloud struct {
	services map[string]http.Handler // by the prefix of X-Amz-Target
}

// NewCloud makes what the template declares. Queues have their URLs under sqsURL, secrets are by name.
func NewCloud(t *template.Template, sqsURL string, values map[string]string) (*Cloud, error) {
	var tables []dynamodb.Table
	for _, described := range t.Tables {
		tables = append(tables, table(described))
	}
	db, err := dynamodb.New(tables...)
	if err != nil {
		return nil, fmt.Errorf("make the tables: %w", err)
	}
	queues, err := sqs.New(sqsURL, queues(t.Queues)...)
	if err != nil {
		return nil, fmt.Errorf("make the queues: %w", err)
	}
	return &Cloud{services: map[string]http.Handler{
		"DynamoDB_20120810": db, "AmazonSQS": queues, "secretsmanager": secrets.New(values),
	}}, nil
}

// ServeHTTP implements http.Handler.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	name, _, _ := strings.Cut(target, ".")
	service, ok := c.services[name]
	if !ok {
		http.Error(w, fmt.Sprintf("the local platform has no %q", target), http.StatusNotImplemented)
		return
	}
	service.ServeHTTP(w, r)
}

// QueueURL is where a queue of that name will be.
func QueueURL(sqsURL, name string) string {
	return strings.TrimSuffix(sqsURL, "/") + "/" + lambda.Account + "/" + name
}

func table(t template.Table) dynamodb.Table {
	made := dynamodb.Table{Name: t.Name}
	made.Hash, made.Range = keys(t.Keys)
	for _, x := range t.Indexes {
		index := dynamodb.Index{Name: x.Name, Projection: dynamodb.Projection(x.Projection)}
		index.Hash, index.Range = keys(x.Keys)
		made.Indexes = append(made.Indexes, index)
	}
	return made
}

func keys(described []template.Key) (hash, sort dynamodb.Key) {
	for _, k := range described {
		key := dynamodb.Key{Name: k.Name, Kind: attribute.Kind(k.Type)}
		if k.Kind == "HASH" {
			hash = key
		} else {
			sort = key
		}
	}
	return hash, sort
}

func queues(described []template.Queue) []sqs.Queue {
	names := make(map[string]string, len(described))
	for _, q := range described {
		names[q.LogicalID] = q.Name
	}
	made := make([]sqs.Queue, 0, len(described))
	for _, q := range described {
		made = append(made, sqs.Queue{
			Name: q.Name, VisibilityTimeout: q.VisibilityTimeout, Delay: q.Delay, Retention: q.Retention,
			ReceiveWait: q.ReceiveWait, MaxMessageBytes: q.MaxMessageBytes, DeadLetter: names[q.DeadLetter],
			MaxReceives: q.MaxReceives,
		})
	}
	return made
}
