package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sluice/internal/campaign"
	"sluice/internal/price"
)

// Keys looks up API keys. KeyName returns campaign.ErrNotFound for a key that was never given out.
type Keys interface {
	KeyName(ctx context.Context, secret string) (string, error)
}

// Config is what the API stands on. All of it may be called concurrently.
type Config struct {
	Manager      *campaign.Manager
	Limits       Limits
	Desk         Desk
	Suppressions Suppressions
	Prices       price.Store
	Preflight    Preflight
	Reports      Reports
	Tests        Tests
	Keys         Keys
	// UnsignedWebhooks: what comes back is believed without a signature. GET /healthz says so.
	UnsignedWebhooks bool
	Log              *slog.Logger
}

// New returns the API. Without a known key every request but GET /healthz and GET /openapi.json is answered 401.
func New(c Config) http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, config())
	(&campaigns{manager: c.Manager, desk: c.Desk, log: c.Log}).register(api)
	(&messages{reports: c.Reports, log: c.Log}).register(api)
	(&testSends{tests: c.Tests, log: c.Log}).register(api)
	(&lists{manager: c.Manager, log: c.Log}).register(api)
	(&replies{manager: c.Manager, desk: c.Desk, log: c.Log}).register(api)
	(&suppressed{list: c.Suppressions, log: c.Log}).register(api)
	(&limited{limits: c.Limits, log: c.Log}).register(api)
	(&priced{store: c.Prices, log: c.Log}).register(api)
	(&foreseen{manager: c.Manager, preflight: c.Preflight, log: c.Log}).register(api)
	registerHealth(api, c.UnsignedWebhooks)
	registerDocument(api, mux, c.Log)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { noRoute(w, r, mux) })
	return authenticate(wellFormed(mux), c.Keys, c.Log)
}

// wellFormed answers what the routes would answer in another form, or not at all.
func wellFormed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			writeProblem(w, Problem{Status: http.StatusBadRequest, Detail: "the query cannot be read: it is not encoded as in a URL"})
			return
		}
		if path.Clean(r.URL.Path) != r.URL.Path { // ServeMux would redirect
			writeProblem(w, Problem{Status: http.StatusNotFound, Detail: "there is nothing at this path"})
			return
		}
		// There is one format. What huma would do is choose it by a header that it cannot always read.
		r.Header.Del("Accept")
		next.ServeHTTP(w, r)
	})
}

// noRoute answers 405 where another method has a route.
func noRoute(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		writeProblem(w, Problem{Status: http.StatusNotFound, Detail: "there is nothing at this path"})
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	writeProblem(w, Problem{
		Status: http.StatusMethodNotAllowed, Detail: "this path takes " + strings.Join(allowed, " and ") + " only",
	})
}

func config() huma.Config {
	c := huma.DefaultConfig("Sluice", "1")
	c.Info.Description = "Bulk SMS campaigns, sent in batches, at intervals, and no faster than the account allows."
	c.DocsPath, c.SchemasPath, c.OpenAPIPath = "", "", ""
	c.Formats, c.RejectUnknownQueryParameters = formats(), true
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
	if op.Responses == nil {
		op.Responses = make(map[string]*huma.Response)
	}
	op.Responses["default"] = &huma.Response{
		Description: "A problem (RFC 9457). Nothing was changed.",
		Content:     map[string]*huma.MediaType{problemMedia: {Schema: problem}},
	}
	if strings.Contains(op.Path, "{id}") {
		op.Middlewares = append(op.Middlewares, takesID)
	}
	huma.Register(api, op, handler)
}

// idForm is the form of ids (ULID), of campaigns and of replies. What has another is not looked for: it may be longer than
// a key can be.
var anID = regexp.MustCompile("^[0-9A-HJKMNP-TV-Z]{26}$")

func takesID(ctx huma.Context, next func(huma.Context)) {
	if !anID.MatchString(ctx.Param("id")) {
		none := noCampaign()
		if strings.HasPrefix(ctx.Operation().Path, repliesPath) {
			none = noReply()
		}
		_, w := humago.Unwrap(ctx)
		writeProblem(w, none)
		return
	}
	next(ctx)
}

type healthOutput struct {
	Body struct {
		Status   string `json:"status" example:"ok"`
		Webhooks string `json:"webhooks" enum:"signed,unsigned" doc:"Whether what comes back is believed only with the provider's signature"`
	}
}

func registerHealth(api huma.API, unsigned bool) {
	op := huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: "/healthz", Summary: "Whether the API answers",
		Security: []map[string][]string{},
	}
	register(api, op, func(context.Context, *struct{}) (*healthOutput, error) {
		out := &healthOutput{}
		out.Body.Status, out.Body.Webhooks = "ok", "signed"
		if unsigned {
			out.Body.Webhooks = "unsigned"
		}
		return out, nil
	})
}
