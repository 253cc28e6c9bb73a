package httpapi

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/pace"
	"sluice/internal/sms"
)

// Limits are read and set while they are in use.
type Limits interface {
	Get(ctx context.Context, key string) (pace.Status, error)
	Set(ctx context.Context, key string, limit pace.Limit) error
	Unset(ctx context.Context, key string) error
}

// limited serves the limits of the account and of senders.
type limited struct {
	limits Limits
	log    *slog.Logger
}

func (l *limited) register(api huma.API) {
	const path = "/pace/{key}"
	register(api, huma.Operation{
		OperationID: "get-pace", Method: http.MethodGet, Path: path,
		Summary: "How fast the account, or a sender, may send, and does",
	}, l.get)
	register(api, huma.Operation{
		OperationID: "set-pace", Method: http.MethodPut, Path: path,
		Summary:      "Set how fast the account, or a sender, may send: what is being sent follows within a chunk",
		MaxBodyBytes: MaxBody + 1, Middlewares: huma.Middlewares{takesJSON},
	}, l.set)
	register(api, huma.Operation{
		OperationID: "unset-pace", Method: http.MethodDelete, Path: path, DefaultStatus: http.StatusOK,
		Summary: "Take back what was set: the account has its configured limit again, a sender none",
	}, l.unset)
}

var senderPrefix = pace.SenderKey("")

type paceInput struct {
	Key paceKey `path:"key" doc:"account, or sender: and the sender that texts come from" example:"sender:447700900000"`
}

// paceKey is the key of a limit that people may see and set.
type paceKey string

// Resolve reads the key.
func (k *paceKey) Resolve(huma.Context) []error {
	if *k == pace.AccountKey {
		return nil
	}
	name, ok := strings.CutPrefix(string(*k), senderPrefix)
	if !ok {
		return []error{&huma.ErrorDetail{Location: "path.key", Message: "must be account, or sender: and a sender"}}
	}
	sender, err := sms.ParseSender(name)
	if err != nil {
		return []error{&huma.ErrorDetail{Location: "path.key", Message: "names a sender that " + err.Error()}}
	}
	*k = paceKey(pace.SenderKey(string(sender)))
	return nil
}

type limitInput struct {
	Key  paceKey `path:"key" doc:"account, or sender: and the sender that texts come from" example:"sender:447700900000"`
	Body limitRequest
}

// limitRequest is the body of PUT /pace/{key}.
type limitRequest struct {
	PerSecond float64  `json:"per_second" doc:"Requests a second of the account, segments a second of a sender" example:"30"`
	Headroom  *float64 `json:"headroom,omitempty" doc:"Percent of it that stay free for the jitter of arrivals; as before, where it is absent" example:"4"`
}

// TransformSchema puts the limits' limits into the schema.
func (limitRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	rate, headroom := s.Properties["per_second"], s.Properties["headroom"]
	rate.Minimum, rate.Maximum = ptr(pace.MinPerSecond), ptr(float64(pace.MaxPerSecond))
	headroom.Minimum, headroom.Maximum = ptr(0.0), ptr(100*pace.MaxHeadroom)
	rate.PrecomputeMessages()
	headroom.PrecomputeMessages()
	return s
}

type paceOutput struct {
	Body paceView
}

// paceView is a limit as clients see it.
type paceView struct {
	Key       string     `json:"key" example:"account"`
	Unit      string     `json:"unit" enum:"requests,segments"`
	PerSecond float64    `json:"per_second,omitempty" doc:"The limit; absent where there is none"`
	Headroom  float64    `json:"headroom" doc:"Percent of it that stay free for the jitter of arrivals"`
	IsSet     bool       `json:"is_set" doc:"Whether it was set here; if not, it is the stack's setting"`
	Rate      float64    `json:"rate,omitempty" doc:"What is given out now: for a minute after the provider refused, less than the limit"`
	RefusedAt *time.Time `json:"refused_at,omitempty" doc:"When the provider last refused because of the rate, under this limit"`
	FreeAt    *time.Time `json:"free_at,omitempty" doc:"The first moment that is not given away"`
}

func (l *limited) get(ctx context.Context, in *paceInput) (*paceOutput, error) {
	status, err := l.limits.Get(ctx, string(in.Key))
	if err != nil {
		return nil, problemOf(ctx, err, l.log)
	}
	return &paceOutput{Body: paceViewOf(string(in.Key), status)}, nil
}

func (l *limited) set(ctx context.Context, in *limitInput) (*paceOutput, error) {
	headroom, err := l.headroom(ctx, in)
	if err == nil {
		err = l.limits.Set(ctx, string(in.Key), pace.Limit{PerSecond: in.Body.PerSecond, Headroom: headroom})
	}
	if err != nil {
		return nil, problemOf(ctx, err, l.log)
	}
	return l.get(ctx, &paceInput{in.Key})
}

// headroom is the one that is asked for, or that of the limit before, or the account's.
func (l *limited) headroom(ctx context.Context, in *limitInput) (float64, error) {
	if h := in.Body.Headroom; h != nil {
		return *h / 100, nil
	}
	status, err := l.limits.Get(ctx, string(in.Key))
	if err == nil && !status.IsSet {
		status, err = l.limits.Get(ctx, pace.AccountKey)
	}
	return status.Limit.Headroom, err
}

func (l *limited) unset(ctx context.Context, in *paceInput) (*paceOutput, error) {
	if err := l.limits.Unset(ctx, string(in.Key)); err != nil {
		return nil, problemOf(ctx, err, l.log)
	}
	return l.get(ctx, in)
}

func paceViewOf(key string, s pace.Status) paceView {
	v := paceView{
		Key: key, Unit: "requests", PerSecond: s.Limit.PerSecond, Headroom: round(100 * s.Limit.Headroom), IsSet: s.IsSet,
		Rate: round(s.Rate), RefusedAt: optional(s.RefusedAt), FreeAt: optional(s.FreeAt),
	}
	if key != pace.AccountKey {
		v.Unit = "segments"
	}
	return v
}

// round is to what people read.
func round(f float64) float64 { return math.Round(f*1000) / 1000 }
