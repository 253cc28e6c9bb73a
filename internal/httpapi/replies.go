package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

const (
	repliesPath = "/replies"
	// maxAnswer is how many characters a person's answer may have: 11 segments, or 24 where it is not in the GSM alphabet.
	maxAnswer = 1600
	// noneAtAll stands for the campaign of replies that belong to none.
	noneAtAll = "none"
)

// replies serves what people wrote back.
type replies struct {
	manager *campaign.Manager
	desk    Desk
	log     *slog.Logger
}

func (r *replies) register(api huma.API) {
	register(api, huma.Operation{
		OperationID: "list-replies", Method: http.MethodGet, Path: repliesPath,
		Summary: "List the open replies, oldest first; or all replies to a campaign, latest first",
	}, r.list)
	register(api, huma.Operation{
		OperationID: "get-reply", Method: http.MethodGet, Path: repliesPath + "/{id}",
		Summary: "A reply, with its answer and what became of that",
	}, r.get)
	register(api, huma.Operation{
		OperationID: "answer-reply", Method: http.MethodPost, Path: repliesPath + "/{id}/answer",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: MaxBody + 1, Middlewares: huma.Middlewares{takesJSON},
		Summary: "Send one text to who replied, from what the reply was sent to, ahead of all campaigns; another only where it failed",
	}, r.answer)
	register(api, huma.Operation{
		OperationID: "close-reply", Method: http.MethodPost, Path: repliesPath + "/{id}/close",
		Summary: "Mark a reply as one that wants no answer, or no further one",
	}, r.close)
}

// replyView is a reply as clients see it.
type replyView struct {
	ID         string      `json:"id" example:"7QY5T2M0K3C8V6B9N4PDXW1ZRA"`
	Campaign   string      `json:"campaign,omitempty" doc:"Which campaign it answers: the last that had written to the person"`
	Batch      int         `json:"batch,omitempty" doc:"In which of its batches the person is"`
	Number     string      `json:"number" doc:"Who wrote"`
	Sender     string      `json:"sender" doc:"What it was sent to, and is answered from"`
	Text       string      `json:"text"`
	Incomplete bool        `json:"incomplete,omitempty" doc:"Some part of a long text did not come"`
	Keyword    string      `json:"keyword,omitempty" enum:"stop,start,yes,help" doc:"The word that was heeded"`
	Status     string      `json:"status" enum:"open,answered,closed,handled" doc:"handled: it asked for an opt-out, an opt-in or help, and got it"`
	ReceivedAt time.Time   `json:"received_at"`
	SentAt     *time.Time  `json:"sent_at,omitempty" doc:"By the provider's clock"`
	AnsweredAt *time.Time  `json:"answered_at,omitempty"`
	ClosedAt   *time.Time  `json:"closed_at,omitempty"`
	Answer     *answerView `json:"answer,omitempty" doc:"The text that answers it; not in lists"`
}

type answerView struct {
	Text     string     `json:"text"`
	Status   string     `json:"status" enum:"pending,sending,accepted,failed,skipped,unknown"`
	Reason   string     `json:"reason,omitempty"`
	Code     string     `json:"code,omitempty" doc:"The provider's own word for it"`
	Delivery string     `json:"delivery,omitempty" enum:"in_transit,delivered,undelivered" doc:"What the receipts say; absent while there is none"`
	At       *time.Time `json:"at,omitempty" doc:"When it was sent"`
}

func replyViewOf(r returns.Reply, answer *oneoff.Text) replyView {
	v := replyView{
		ID: r.ID, Campaign: r.Campaign, Batch: r.Batch, Number: r.From.Digits(), Sender: string(r.To), Text: r.Text,
		Incomplete: r.Missing, Keyword: string(r.Keyword), Status: string(r.Status), ReceivedAt: instant(r.ReceivedAt),
		SentAt: optional(r.At), AnsweredAt: optional(r.AnsweredAt), ClosedAt: optional(r.ClosedAt),
	}
	if answer != nil {
		v.Answer = &answerView{
			Text: answer.Body, Status: string(answer.State), Reason: answer.Reason, Code: answer.Code,
			Delivery: fateOf(answer.Delivery), At: optional(answer.SentAt),
		}
	}
	return v
}

// fateOf words how far a single text came as that of a campaign's is worded.
func fateOf(d sms.Delivery) string {
	switch {
	case d == 0:
		return ""
	case d == sms.Delivered:
		return string(returns.Arrived)
	case d.Final():
		return string(returns.Undelivered)
	default:
		return string(returns.Transit)
	}
}

type repliesInput struct {
	Open     bool   `query:"open" doc:"Only the open ones"`
	Campaign string `query:"campaign" pattern:"^([0-9A-HJKMNP-TV-Z]{26}|none)$" patternDescription:"a campaign's id, or none" doc:"Of one campaign, or of none; may be absent where open is true"`
	After    string `query:"after" maxLength:"1024" doc:"The next of the page before"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// Resolve: all replies of all campaigns are in no order that could be listed.
func (in *repliesInput) Resolve(huma.Context) []error {
	if in.Open || in.Campaign != "" {
		return nil
	}
	return []error{&huma.ErrorDetail{
		Location: "query.campaign", Message: "is missing: name a campaign, or none, or ask for open=true",
	}}
}

// of is the campaign as the desk names it.
func (in *repliesInput) of() string {
	switch in.Campaign {
	case "":
		return returns.All
	case noneAtAll:
		return ""
	default:
		return in.Campaign
	}
}

type repliesOutput struct {
	Body struct {
		Replies []replyView `json:"replies" nullable:"false"`
		Next    string      `json:"next,omitempty" doc:"Give it as after for the next page; absent on the last"`
	}
}

func (r *replies) list(ctx context.Context, in *repliesInput) (*repliesOutput, error) {
	if anID.MatchString(in.Campaign) {
		if _, err := r.manager.Campaign(ctx, in.Campaign); err != nil {
			return nil, problemOf(ctx, err, r.log)
		}
	}
	list := r.desk.Replies
	if in.Open {
		list = r.desk.OpenReplies
	}
	page, next, err := list(ctx, in.of(), in.After, in.Limit)
	if err != nil {
		return nil, problemOf(ctx, err, r.log)
	}
	out := &repliesOutput{}
	out.Body.Replies, out.Body.Next = make([]replyView, 0, len(page)), next
	for _, one := range page {
		out.Body.Replies = append(out.Body.Replies, replyViewOf(one, nil))
	}
	return out, nil
}

type replyInput struct {
	ID string `path:"id" doc:"The reply's id"`
}

type replyOutput struct{ Body replyView }

func (r *replies) get(ctx context.Context, in *replyInput) (*replyOutput, error) {
	reply, answer, err := r.desk.Reply(ctx, in.ID)
	return r.output(ctx, reply, answer, err)
}

func (r *replies) close(ctx context.Context, in *replyInput) (*replyOutput, error) {
	reply, answer, err := r.desk.Close(ctx, in.ID)
	return r.output(ctx, reply, answer, err)
}

type answerInput struct {
	ID   string `path:"id" doc:"The reply's id"`
	Body answerRequest
}

// answerRequest is the body of POST /replies/{id}/answer.
type answerRequest struct {
	Text string `json:"text" doc:"The text" example:"Thank you! We are open until six."`
}

// TransformSchema puts the limits into the schema.
func (answerRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	text := s.Properties["text"]
	text.MinLength, text.MaxLength = ptr(1), ptr(maxAnswer)
	text.Pattern, text.PatternDescription = readable, readableSays
	text.PrecomputeMessages()
	return s
}

// Resolve refuses what nobody would see.
func (b *answerRequest) Resolve(huma.Context) []error {
	if strings.TrimSpace(b.Text) == "" {
		return []error{&huma.ErrorDetail{Location: "body.text", Message: "must not be empty"}}
	}
	return nil
}

func (r *replies) answer(ctx context.Context, in *answerInput) (*replyOutput, error) {
	reply, answer, err := r.desk.Answer(ctx, in.ID, in.Body.Text)
	return r.output(ctx, reply, answer, err)
}

// output maps what the desk answers.
func (r *replies) output(ctx context.Context, reply returns.Reply, answer *oneoff.Text, err error) (*replyOutput, error) {
	var (
		status       returns.StatusError
		optedOut     returns.OptedOutError
		unanswerable returns.UnanswerableError
	)
	switch {
	case err == nil:
		return &replyOutput{Body: replyViewOf(reply, answer)}, nil
	case errors.Is(err, campaign.ErrNotFound):
		return nil, noReply()
	case errors.As(err, &status):
		return nil, Problem{Status: http.StatusConflict, Detail: status.Error()}
	case errors.As(err, &optedOut):
		return nil, Problem{Status: http.StatusConflict, Detail: optedOut.Error()}
	case errors.As(err, &unanswerable):
		return nil, Problem{Status: http.StatusConflict, Detail: unanswerable.Error()}
	default:
		return nil, problemOf(ctx, err, r.log)
	}
}
