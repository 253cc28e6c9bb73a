package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"sluice/internal/campaign"
)

type keyName struct{}

// authenticate lets only known keys in, and puts the key's name on the context.
func authenticate(next http.Handler, keys Keys, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isPublic(r) {
			next.ServeHTTP(w, r)
			return
		}
		scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || secret == "" {
			unauthorized(w, "send the header Authorization: Bearer <key>")
			return
		}
		name, err := keys.KeyName(r.Context(), strings.TrimSpace(secret))
		switch {
		case errors.Is(err, campaign.ErrNotFound):
			unauthorized(w, "the key is not known")
		case err != nil:
			log.ErrorContext(r.Context(), "look up an API key", "error", err)
			writeProblem(w, internal())
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), keyName{}, name)))
		}
	})
}

func isPublic(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.URL.Path == "/healthz" || r.URL.Path == "/openapi.json")
}

func unauthorized(w http.ResponseWriter, detail string) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	writeProblem(w, Problem{Status: http.StatusUnauthorized, Detail: detail})
}

// keyOf is the name of the key that a request came with.
func keyOf(ctx context.Context) string {
	name, _ := ctx.Value(keyName{}).(string)
	return name
}
