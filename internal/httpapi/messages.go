package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
	"sluice/internal/report"
	"sluice/internal/sms"
)

// Reports say what became of a campaign's texts (report.Reporter).
type Reports interface {
	Page(ctx context.Context, id string, q report.Query) (page []report.Row, next string, err error)
	Row(ctx context.Context, id string, to sms.Number) (report.Row, error)
	Totals(ctx context.Context, id string) (report.Totals, error)
}

var _ Reports = (*report.Reporter)(nil)

// maxMessages is how many recipients one answer has as CSV: some 150 bytes each, for which 100 calls of the table are made.
const maxMessages = 5_000

// messages serves what became of the texts.
type messages struct {
	reports Reports
	log     *slog.Logger
}

func (m *messages) register(api huma.API) {
	schemas := api.OpenAPI().Components.Schemas
	register(api, huma.Operation{
		OperationID: "list-messages", Method: http.MethodGet, Path: "/campaigns/{id}/messages",
		Summary: "List the recipients in order, with what became of each; or those of one status",
		Description: "Those of one status stand in the order of the list where nothing is recorded of them (pending, and skipped because " +
			"the campaign was cancelled), and else in an order of their own. A page of them may be short, and even empty, although " +
			"there is a next one: one request looks at so many recipients and no more. " +
			"With format=csv it is a table with the columns number, index, batch, status, code, reason, segments, network, price, " +
			"sent_at and delivery, each page with a header line.",
		Responses: map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{
				jsonMedia: {Schema: huma.SchemaFromType(schemas, reflect.TypeFor[messagesView]())},
				csvMedia:  {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		}},
	}, m.page)
	register(api, huma.Operation{
		OperationID: "get-message", Method: http.MethodGet, Path: "/campaigns/{id}/messages/{number}",
		Summary:     "What became of the text to one recipient",
		Description: "Who was not sent to yet has no record: only the list has them.",
	}, m.one)
	register(api, huma.Operation{
		OperationID: "get-totals", Method: http.MethodGet, Path: "/campaigns/{id}/totals",
		Summary:     "What became of all recipients: by status, by network, by error, and what it cost",
		Description: "Added up when it is asked for, from every record: for a million recipients it takes seconds. What was sent in the last second may be missing.",
	}, m.totals)
}

type messagesInput struct {
	ID     string `path:"id" doc:"The campaign's id"`
	Status string `query:"status" enum:"pending,accepted,failed,skipped,unknown" doc:"Only those with this status"`
	Format string `query:"format" enum:"json,csv" default:"json"`
	After  string `query:"after" maxLength:"1024" doc:"The next of the page before; of all recipients also an index"`
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" doc:"How many: of JSON at most 1000, and 100 where it is absent; of CSV 5000 where it is absent"`
}

// opaque is a cursor as stores give them out.
var opaque = regexp.MustCompile("^[A-Za-z0-9_-]*$")

// Resolve fills in the limit, which has two lengths, and refuses what was never given out as a place.
func (in *messagesInput) Resolve(huma.Context) (problems []error) {
	most, usual := report.MaxPage, defaultPage
	if in.Format == "csv" {
		most, usual = maxMessages, maxMessages
	}
	if in.Limit == 0 {
		in.Limit = usual
	}
	if in.Limit > most {
		problems = append(problems, &huma.ErrorDetail{Location: "query.limit", Message: "must be at most " + strconv.Itoa(most)})
	}
	index, err := strconv.ParseUint(in.After, 10, 64)
	switch {
	case in.After == "":
	case err == nil && index > report.MaxIndex:
		problems = append(problems, &huma.ErrorDetail{Location: "query.after", Message: "must be at most " + strconv.Itoa(report.MaxIndex)})
	case err != nil && (in.Status == "" || !opaque.MatchString(in.After)):
		problems = append(problems, &huma.ErrorDetail{Location: "query.after", Message: "must be the next of another page"})
	}
	return problems
}

func (in *messagesInput) query(after string, limit int) report.Query {
	return report.Query{State: campaign.State(in.Status), After: after, Limit: limit}
}

func (in *messagesInput) link(next string) string {
	query := url.Values{"format": {in.Format}, "limit": {strconv.Itoa(in.Limit)}}
	if in.Status != "" {
		query.Set("status", in.Status)
	}
	return nextLink("/campaigns/"+in.ID+"/messages", next, query)
}

type messagesView struct {
	Messages []messageView `json:"messages" nullable:"false"`
	Next     string        `json:"next,omitempty" doc:"Give it as after for the next page; absent on the last"`
}

type messagesOutput struct {
	ContentType string `header:"Content-Type"`
	Link        string `header:"Link" doc:"rel=\"next\" is the next page; absent on the last"`
	Body        any
}

func (m *messages) page(ctx context.Context, in *messagesInput) (*messagesOutput, error) {
	if in.Format == "csv" {
		return m.table(ctx, in)
	}
	page, next, err := m.reports.Page(ctx, in.ID, in.query(in.After, in.Limit))
	if err != nil {
		return nil, problemOf(ctx, err, m.log)
	}
	view := messagesView{Messages: make([]messageView, 0, len(page)), Next: next}
	for _, row := range page {
		view.Messages = append(view.Messages, messageViewOf(row))
	}
	return &messagesOutput{ContentType: jsonMedia, Link: in.link(next), Body: view}, nil
}

// table is as much of the list as one answer holds, and as one request may look at.
func (m *messages) table(ctx context.Context, in *messagesInput) (*messagesOutput, error) {
	t := newTable("number", "index", "batch", "status", "code", "reason", "segments", "network", "price", "sent_at", "delivery")
	next := in.After
	for left := in.Limit; left > 0 && !t.full(); left -= report.MaxPage {
		size := min(left, report.MaxPage)
		page, after, err := m.reports.Page(ctx, in.ID, in.query(next, size))
		if err != nil {
			return nil, problemOf(ctx, err, m.log)
		}
		for _, row := range page {
			v := messageViewOf(row)
			t.row(v.cells()...)
		}
		if next = after; next == "" || len(page) < size {
			break
		}
	}
	return &messagesOutput{ContentType: tableMedia, Link: in.link(next), Body: t.bytes()}, nil
}

type messageView struct {
	Number     string     `json:"number"`
	Index      int        `json:"index" doc:"The place in the list, from 0"`
	Status     string     `json:"status" enum:"pending,accepted,failed,skipped,unknown"`
	Batch      int        `json:"batch,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Code       string     `json:"code,omitempty" doc:"The provider's own word for it"`
	MessageIDs []string   `json:"message_ids,omitempty" nullable:"false" doc:"The provider's, one for each SMS part"`
	Segments   int        `json:"segments,omitempty" doc:"How many parts the provider named; by the Messages API a whole text is one"`
	Network    string     `json:"network,omitempty" doc:"The recipient's operator (MCC-MNC), where the provider named it"`
	Price      string     `json:"price,omitempty" doc:"What the provider says that the text cost, in the account's currency" example:"0.0333"`
	At         *time.Time `json:"at,omitempty" doc:"When the outcome was known"`

	Delivery *deliveryView `json:"delivery,omitempty" doc:"What the receipts say; absent while there is none"`
}

func messageViewOf(r report.Row) messageView {
	m := r.Message
	v := messageView{
		Number: m.To.Digits(), Index: m.Index, Status: string(m.State), Batch: m.Batch, Reason: m.Reason, Code: m.Code,
		At: optional(m.At), Segments: r.Segments(), Network: r.Network(),
	}
	for _, p := range m.Parts {
		v.MessageIDs = append(v.MessageIDs, p.MessageID)
	}
	if price, known := r.Price(); known {
		v.Price = price.String()
	}
	if r.Delivery != nil {
		v.Delivery = deliveryViewOf(*r.Delivery)
	}
	return v
}

// cells are those of a line of CSV. What is not known is empty.
func (v messageView) cells() []string {
	sent, delivery := "", ""
	if v.At != nil {
		sent = v.At.Format(time.RFC3339Nano)
	}
	if v.Delivery != nil {
		delivery = v.Delivery.Status
	}
	return []string{
		v.Number, strconv.Itoa(v.Index), unlessZero(v.Batch), v.Status, v.Code, v.Reason, unlessZero(v.Segments), v.Network,
		v.Price, sent, delivery,
	}
}

func unlessZero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

type messageInput struct {
	ID     string `path:"id" doc:"The campaign's id"`
	Number phone  `path:"number" doc:"The recipient's phone number in international form" example:"447700900001"`
}

type messageOutput struct{ Body messageView }

func (m *messages) one(ctx context.Context, in *messageInput) (*messageOutput, error) {
	row, err := m.reports.Row(ctx, in.ID, sms.Number(in.Number))
	if err != nil {
		return nil, problemOf(ctx, err, m.log)
	}
	return &messageOutput{Body: messageViewOf(row)}, nil
}
