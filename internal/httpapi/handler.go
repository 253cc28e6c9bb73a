package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sluice/internal/campaign"
)

// Keys looks up API keys. KeyName returns campaign.ErrNotFound for a key that was never given out.
type Keys interface {
	KeyName(ctx context.Context, secret string) (string, error)
}

// New returns the API. Without a known key every request but GET /healthz and GET /openapi.json is answered 401.
func New(manager *campaign.Manager, keys Keys, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, Problem{Status: http.StatusNotFound, Detail: "there is no " + r.Method + " " + r.URL.Path})
	})
	api := humago.New(mux, config())
	(&campaigns{manager: manager, log: log}).register(api)
	registerHealth(api)
	return authenticate(mux, keys, log)
}

func config() huma.Config {
	c := huma.DefaultConfig("Sluice", "1")
	c.Info.Description = "Bulk SMS campaigns, sent in batches, at intervals, and no faster than the account allows."
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil
	c.Transformers = []huma.Transformer{toProblem}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "an API key"},
	}
	c.Security = []map[string][]string{{"key": {}}}
	return c
}

// register adds one operation. Its errors are documented as what toProblem makes of them.
func register[I, O any](api huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	problem := api.OpenAPI().Components.Schemas.Schema(problemType, true, "Problem")
	op.Responses = map[string]*huma.Response{
		"default": {
			Description: "A problem (RFC 9457). Nothing was changed.",
			Content:     map[string]*huma.MediaType{problemMedia: {Schema: problem}},
		},
	}
	huma.Register(api, op, handler)
}

type healthOutput struct {
	Body struct {
		Status string `json:"status" example:"ok"`
	}
}

func registerHealth(api huma.API) {
	op := huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: "/healthz", Summary: "Whether the API answers",
		Security: []map[string][]string{},
	}
	register(api, op, func(context.Context, *struct{}) (*healthOutput, error) {
		out := &healthOutput{}
		out.Body.Status = "ok"
		return out, nil
	})
}
