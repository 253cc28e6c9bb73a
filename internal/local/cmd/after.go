package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/local"
)

// before does something, and prints what of the state is another afterwards.
func (m *machine) before(ctx context.Context, print *printer, do func() error) error {
	was, err := m.state(ctx)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	is, err := m.state(ctx)
	if err != nil {
		return err
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			print.line("afterwards: %s", line)
		}
	}
	return nil
}

// state is what a function may have changed, in words.
func (m *machine) state(ctx context.Context) ([]string, error) {
	var lines []string
	store := m.store()
	campaigns, err := store.Campaigns(ctx, "", newsOf)
	if err != nil {
		return nil, err
	}
	for _, c := range campaigns {
		total, err := store.Total(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("campaign %s is %s: %d accepted, %d failed, %d unknown, %d skipped", c.ID, c.Status,
			c.Counts.Accepted, c.Counts.Failed, c.Counts.Unknown, c.Counts.Skipped), ofReturns(c.ID, total))
	}
	strangers, err := totalOf(ctx, store, "")
	if err != nil {
		return nil, err
	}
	text, err := store.OneOff(ctx, local.SampleText)
	if err != nil {
		return nil, err
	}
	suppressed, _, err := store.SuppressionsAfter(ctx, "", maxListed)
	if err != nil {
		return nil, err
	}
	lines = append(lines, ofReturns("", strangers), fmt.Sprintf("text %s is %s", text.ID, text.State),
		fmt.Sprintf("numbers on the list of suppressions: %d", len(suppressed)))
	if m.standIn != nil {
		lines = append(lines, fmt.Sprintf("texts that the stand-in for Vonage took: %d", len(m.standIn.Accepted())))
	}
	queued, err := m.queued(ctx)
	return append(lines, queued...), err
}

// maxListed is more suppressions than one event brings.
const maxListed = 1000

// queued is how many messages each queue holds.
func (m *machine) queued(ctx context.Context) ([]string, error) {
	client := sqs.NewFromConfig(m.aws)
	var lines []string
	for _, q := range m.template.Queues {
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: aws.String(local.QueueURL(m.sqs.url(), q.Name)), AttributeNames: []types.QueueAttributeName{
				types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
			},
		})
		if err != nil {
			return nil, fmt.Errorf("look into %s: %w", q.Name, err)
		}
		lines = append(lines, fmt.Sprintf("messages in %s: %s, and %s for later", q.Name,
			out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesDelayed"]))
	}
	return lines, nil
}
