package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// registerDocument serves the OpenAPI document, which is written when it is first asked for: a cold start does without.
func registerDocument(api huma.API, mux *http.ServeMux, log *slog.Logger) {
	op := &huma.Operation{
		OperationID: "openapi", Method: http.MethodGet, Path: "/openapi.json", Summary: "This document",
		Security: []map[string][]string{},
		Responses: map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{"application/json": {}},
		}},
	}
	api.OpenAPI().AddOperation(op)
	described := api.OpenAPI().Components.Schemas.Map()
	delete(described, "ErrorModel") // huma's own, which toProblem lets nobody see
	delete(described, "ErrorDetail")
	document := sync.OnceValues(func() ([]byte, error) { return json.Marshal(api.OpenAPI()) })
	mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		text, err := document()
		if err != nil {
			log.ErrorContext(r.Context(), "write the OpenAPI document", "error", err)
			writeProblem(w, internal())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // the client is gone if this fails
	})
}
