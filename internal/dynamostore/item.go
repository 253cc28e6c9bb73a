package dynamostore

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

type attributes = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// instant is a time as the table keeps it: epoch milliseconds, 0 for the zero time.
type instant int64

func at(t time.Time) instant {
	if t.IsZero() {
		return 0
	}
	return instant(t.UnixMilli())
}

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i)).UTC()
}

type counts struct {
	Accepted int `dynamodbav:"accepted"`
	Failed   int `dynamodbav:"failed"`
	Skipped  int `dynamodbav:"skipped"`
	Unknown  int `dynamodbav:"unknown"`
}

type campaignItem struct {
	ID          string          `dynamodbav:"id"`
	Name        string          `dynamodbav:"name,omitempty"`
	Sender      sms.Sender      `dynamodbav:"sender"`
	Text        string          `dynamodbav:"text"`
	BatchSize   int             `dynamodbav:"batch_size"`
	Delay       int64           `dynamodbav:"delay_ms"`
	MaxRate     float64         `dynamodbav:"max_rate,omitempty"`
	StartAt     instant         `dynamodbav:"start_at,omitempty"`
	CreatedAt   instant         `dynamodbav:"created_at"`
	LaunchedAt  instant         `dynamodbav:"launched_at,omitempty"`
	EndedAt     instant         `dynamodbav:"ended_at,omitempty"`
	Status      campaign.Status `dynamodbav:"status"`
	Reason      string          `dynamodbav:"reason,omitempty"`
	Recipients  int             `dynamodbav:"recipients"`
	Duplicates  int             `dynamodbav:"duplicates"`
	Region      string          `dynamodbav:"region,omitempty"`
	Refused     int             `dynamodbav:"refused,omitempty"`
	Uploads     int             `dynamodbav:"uploads,omitempty"`
	Indexed     bool            `dynamodbav:"indexed,omitempty"`
	Segments    int             `dynamodbav:"segments,omitempty"`
	NextIndex   int             `dynamodbav:"next_index"`
	NextBatch   int             `dynamodbav:"next_batch"`
	NextDue     instant         `dynamodbav:"next_due,omitempty"`
	Epoch       int             `dynamodbav:"epoch"`
	PacedIndex  int             `dynamodbav:"paced_index,omitempty"`
	PacedBatch  int             `dynamodbav:"paced_batches,omitempty"`
	PacedDue    instant         `dynamodbav:"paced_due,omitempty"`
	Requeue     bool            `dynamodbav:"requeue,omitempty"`
	Done        int             `dynamodbav:"batches_done"`
	Retries     int             `dynamodbav:"retries,omitempty"`
	WindowSent  int             `dynamodbav:"window_sent,omitempty"`
	WindowFail  int             `dynamodbav:"window_failed,omitempty"`
	EarlierSent int             `dynamodbav:"earlier_sent,omitempty"`
	EarlierFail int             `dynamodbav:"earlier_failed,omitempty"`
	counts
}

func (i campaignItem) campaign() campaign.Campaign {
	return campaign.Campaign{
		ID: i.ID, Name: i.Name, Sender: i.Sender, Text: i.Text, BatchSize: i.BatchSize,
		Delay: time.Duration(i.Delay) * time.Millisecond, MaxRate: i.MaxRate, StartAt: i.StartAt.time(), CreatedAt: i.CreatedAt.time(),
		LaunchedAt: i.LaunchedAt.time(), EndedAt: i.EndedAt.time(), Status: i.Status, Reason: i.Reason,
		Recipients: i.Recipients, Duplicates: i.Duplicates, NextIndex: i.NextIndex, NextBatch: i.NextBatch,
		NextDue: i.NextDue.time(), Epoch: i.Epoch, Requeue: i.Requeue, Counts: campaign.Counts(i.counts),
		Region: i.Region, Refused: i.Refused, Uploads: i.Uploads, Indexed: i.Indexed, Segments: i.Segments,
		Paced:       campaign.Mark{Index: i.PacedIndex, Batches: i.PacedBatch, LastDue: i.PacedDue.time()},
		BatchesDone: i.Done, Retries: i.Retries, Window: campaign.Window{
			Sent: i.WindowSent, Failed: i.WindowFail, EarlierSent: i.EarlierSent, EarlierFailed: i.EarlierFail,
		},
	}
}

func itemOfCampaign(c campaign.Campaign) campaignItem {
	return campaignItem{
		ID: c.ID, Name: c.Name, Sender: c.Sender, Text: c.Text, BatchSize: c.BatchSize,
		Delay: c.Delay.Milliseconds(), MaxRate: c.MaxRate, StartAt: at(c.StartAt), CreatedAt: at(c.CreatedAt),
		LaunchedAt: at(c.LaunchedAt), EndedAt: at(c.EndedAt), Status: c.Status, Reason: c.Reason,
		Recipients: c.Recipients, Duplicates: c.Duplicates, NextIndex: c.NextIndex, NextBatch: c.NextBatch,
		NextDue: at(c.NextDue), Epoch: c.Epoch, Requeue: c.Requeue, counts: counts(c.Counts), Done: c.BatchesDone,
		Region: c.Region, Refused: c.Refused, Uploads: c.Uploads, Indexed: c.Indexed, Segments: c.Segments,
		PacedIndex: c.Paced.Index, PacedBatch: c.Paced.Batches, PacedDue: at(c.Paced.LastDue),
		Retries: c.Retries, WindowSent: c.Window.Sent, WindowFail: c.Window.Failed,
		EarlierSent: c.Window.EarlierSent, EarlierFail: c.Window.EarlierFailed,
	}
}

type batchItem struct {
	Campaign  string  `dynamodbav:"campaign"`
	Number    int     `dynamodbav:"number"`
	From      int     `dynamodbav:"from_index"`
	To        int     `dynamodbav:"to_index"`
	Settled   int     `dynamodbav:"settled"`
	Cursor    int     `dynamodbav:"claimed"`
	Due       instant `dynamodbav:"due"`
	Counted   []int   `dynamodbav:"counted,omitempty"`
	Done      bool    `dynamodbav:"done"`
	Late      int     `dynamodbav:"late,omitempty"`
	Owner     string  `dynamodbav:"lease_owner,omitempty"`
	Lease     instant `dynamodbav:"lease_until,omitempty"`
	LookAt    instant `dynamodbav:"due_at,omitempty"`
	Repairs   int     `dynamodbav:"repairs"`
	StartedAt instant `dynamodbav:"started_at,omitempty"`
	EndedAt   instant `dynamodbav:"ended_at,omitempty"`
	counts
}

func (i batchItem) batch() campaign.Batch {
	return campaign.Batch{
		Campaign: i.Campaign, Number: i.Number, From: i.From, To: i.To, Settled: i.Settled, Cursor: i.Cursor,
		Counted: i.Counted, Due: i.Due.time(), Counts: campaign.Counts(i.counts), Done: i.Done, Late: i.Late, Owner: i.Owner, Lease: i.Lease.time(),
		LookAt: i.LookAt.time(), Repairs: i.Repairs, StartedAt: i.StartedAt.time(), EndedAt: i.EndedAt.time(),
	}
}

func itemOfBatch(b campaign.Batch) batchItem {
	return batchItem{
		Campaign: b.Campaign, Number: b.Number, From: b.From, To: b.To, Settled: b.Settled, Cursor: b.Cursor,
		Counted: b.Counted, Due: at(b.Due), counts: counts(b.Counts), Done: b.Done, Late: b.Late, Owner: b.Owner, Lease: at(b.Lease),
		LookAt: at(b.LookAt), Repairs: b.Repairs, StartedAt: at(b.StartedAt), EndedAt: at(b.EndedAt),
	}
}

type messageItem struct {
	Index  int            `dynamodbav:"i"`
	Batch  int            `dynamodbav:"b"`
	State  campaign.State `dynamodbav:"state"`
	Code   string         `dynamodbav:"code,omitempty"`
	Reason string         `dynamodbav:"reason,omitempty"`
	Parts  []partItem     `dynamodbav:"parts,omitempty"`
	At     instant        `dynamodbav:"at"`
}

type partItem struct {
	ID      string `dynamodbav:"id"`
	Network string `dynamodbav:"net,omitempty"`
	Price   string `dynamodbav:"price,omitempty"`
}

func (i messageItem) message(to sms.Number) campaign.Message {
	m := campaign.Message{
		To: to, Index: i.Index, Batch: i.Batch, State: i.State, Code: i.Code, Reason: i.Reason, At: i.At.time(),
	}
	for _, p := range i.Parts {
		m.Parts = append(m.Parts, sms.Part{MessageID: p.ID, Network: p.Network, Price: p.Price})
	}
	return m
}

func itemOfMessage(m campaign.Message) messageItem {
	i := messageItem{Index: m.Index, Batch: m.Batch, State: m.State, Code: m.Code, Reason: m.Reason, At: at(m.At)}
	for _, p := range m.Parts {
		i.Parts = append(i.Parts, partItem{ID: p.MessageID, Network: p.Network, Price: p.Price})
	}
	return i
}

// encode makes the attributes of an item under its key.
func encode(k key, item any) (attributes, error) {
	encoded, err := attributevalue.MarshalMap(item)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", item, err)
	}
	encoded[attrPK], encoded[attrSK] = text(k.pk), text(k.sk)
	return encoded, nil
}

func decode[T any](stored attributes) (T, error) {
	var item T
	if err := attributevalue.UnmarshalMap(stored, &item); err != nil {
		return item, fmt.Errorf("decode %T: %w", item, err)
	}
	return item, nil
}
