package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/price"
)

// priced serves the operator's table of prices.
type priced struct {
	store price.Store
	log   *slog.Logger
}

func (p *priced) register(api huma.API) {
	const path = "/prices"
	register(api, huma.Operation{
		OperationID: "get-prices", Method: http.MethodGet, Path: path, Summary: "What a segment costs, as forecasts have it",
	}, p.get)
	register(api, huma.Operation{
		OperationID: "set-prices", Method: http.MethodPut, Path: path, Summary: "Set what a segment costs, in place of all prices before",
		Description: "The price of a segment by the leading digits of the number that it goes to: the longest that match count. " +
			"Forecasts add them up. What a text has cost, the provider says.",
		MaxBodyBytes: MaxBody + 1, Middlewares: huma.Middlewares{takesJSON},
	}, p.set)
	register(api, huma.Operation{
		OperationID: "unset-prices", Method: http.MethodDelete, Path: path, DefaultStatus: http.StatusNoContent,
		Summary: "Remove all prices: forecasts then have none",
	}, p.unset)
}

type pricesInput struct{ Body pricesRequest }

// pricesRequest is the body of PUT /prices.
type pricesRequest struct {
	Currency string            `json:"currency" doc:"What all prices are in (ISO 4217)" example:"EUR"`
	Prices   map[string]string `json:"prices" doc:"The price of one segment, a decimal with at most 8 digits behind the point, by the leading digits of numbers in international form, without a +" example:"{\"44\":\"0.0400\",\"336\":\"0.0650\"}"`

	table price.Table
}

// TransformSchema puts the table's limits into the schema.
func (pricesRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	currency, prices := s.Properties["currency"], s.Properties["prices"]
	currency.Pattern, currency.PatternDescription = "^[A-Z]{3}$", "a code of three capital letters, such as EUR (ISO 4217)"
	prices.MinProperties, prices.MaxProperties, prices.Nullable = ptr(1), ptr(price.MaxPrefixes), false
	currency.PrecomputeMessages()
	prices.PrecomputeMessages()
	return s
}

// Resolve reads the table.
func (b *pricesRequest) Resolve(huma.Context) []error {
	table, problems := price.NewTable(b.Currency, b.Prices)
	b.table = table
	errs := make([]error, 0, len(problems))
	for _, p := range problems {
		at := "body." + p.Field
		if shown := shownPrefix(p.Prefix); shown != "" {
			at += "." + shown
		}
		errs = append(errs, &huma.ErrorDetail{Location: at, Message: p.Reason})
	}
	return errs
}

// leadingDigits is what may be a prefix, with or without what people write before it.
var leadingDigits = regexp.MustCompile(`^\+?[0-9]+$`)

// maxShownPrefix is how many digits no person's number has so few of.
const maxShownPrefix = 6

// shownPrefix is a prefix as an answer may name it: what could be somebody's number, or anything at all, has no place there.
func shownPrefix(prefix string) string {
	if !leadingDigits.MatchString(prefix) {
		return ""
	}
	if len(prefix) > maxShownPrefix {
		return prefix[:maxShownPrefix] + "…"
	}
	return prefix
}

type pricesOutput struct{ Body pricesView }

// pricesView is the table as clients see it.
type pricesView struct {
	Currency string            `json:"currency" example:"EUR"`
	Prices   map[string]string `json:"prices" doc:"The price of one segment by the leading digits of the number"`
}

func (p *priced) get(ctx context.Context, _ *struct{}) (*pricesOutput, error) {
	table, err := p.store.Prices(ctx)
	if err != nil {
		return nil, problemOf(ctx, err, p.log)
	}
	if !table.IsSet() {
		return nil, Problem{Status: http.StatusNotFound, Detail: "no prices are set"}
	}
	return &pricesOutput{Body: pricesView{Currency: table.Currency(), Prices: table.Prices()}}, nil
}

func (p *priced) set(ctx context.Context, in *pricesInput) (*pricesOutput, error) {
	if err := p.store.SetPrices(ctx, in.Body.table); err != nil {
		return nil, problemOf(ctx, err, p.log)
	}
	return p.get(ctx, nil)
}

func (p *priced) unset(ctx context.Context, _ *struct{}) (*struct{}, error) {
	if err := p.store.SetPrices(ctx, price.Table{}); err != nil {
		return nil, problemOf(ctx, err, p.log)
	}
	return nil, nil
}
