package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

const (
	listPath    = "/campaigns/{id}/recipients"
	partPath    = listPath + "/{part}"
	refusedPath = listPath + "/refused"
)

// lists serves the recipient lists of campaigns, which come in parts.
type lists struct {
	manager *campaign.Manager
	log     *slog.Logger
}

func (l *lists) register(api huma.API) {
	l.registerUpload(api)
	register(api, huma.Operation{
		OperationID: "list-recipients", Method: http.MethodGet, Path: listPath, Summary: "List the parts of a campaign's recipients",
	}, l.parts)
	l.registerRefused(api)
	register(api, huma.Operation{
		OperationID: "remove-recipients", Method: http.MethodDelete, Path: partPath, DefaultStatus: http.StatusNoContent,
		Summary: "Take a part of a draft's recipients away",
	}, l.remove)
}

// partView is a part as clients see it.
type partView struct {
	Part       int       `json:"part" doc:"Its number. What came with the campaign itself is part 0."`
	Digest     string    `json:"digest" doc:"SHA-256, in hex, of the body as it was before it was packed, a zero byte, the media type without parameters, a zero byte, columns as sent, a zero byte, and first_row as sent. A part with the digest of what is to be uploaded is there already." example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Rows       int       `json:"rows" doc:"accepted + refused + duplicates"`
	Accepted   int       `json:"accepted" doc:"Recipients"`
	Refused    int       `json:"refused" doc:"Rows left out because nothing can be sent to them"`
	Duplicates int       `json:"duplicates" doc:"Rows left out because their number was in the part already. Who stands in two parts is found at the launch."`
	StoredAt   time.Time `json:"stored_at"`
}

func partViewOf(p recipients.Part) partView {
	return partView{
		Part: p.Number, Digest: p.Digest, Rows: p.Accepted + p.Refused + p.Repeated, Accepted: p.Accepted,
		Refused: p.Refused, Duplicates: p.Repeated, StoredAt: instant(p.StoredAt),
	}
}

type partsOutput struct {
	Body struct {
		Parts    []partView `json:"parts" nullable:"false" doc:"By number"`
		Accepted int        `json:"accepted" doc:"Recipients in all parts; who stands in two of them is counted twice"`
		Refused  int        `json:"refused"`
	}
}

func (l *lists) parts(ctx context.Context, in *idInput) (*partsOutput, error) {
	found, err := l.manager.Parts(ctx, in.ID)
	if err != nil {
		return nil, problemOf(ctx, err, l.log)
	}
	out := &partsOutput{}
	out.Body.Parts = make([]partView, 0, len(found))
	for _, p := range found {
		out.Body.Parts = append(out.Body.Parts, partViewOf(p))
		out.Body.Accepted, out.Body.Refused = out.Body.Accepted+p.Accepted, out.Body.Refused+p.Refused
	}
	return out, nil
}

type partInput struct {
	ID   string     `path:"id" doc:"The campaign's id"`
	Part partNumber `path:"part" doc:"The part's number"`
}

// partNumber is a part's, in a path.
type partNumber int

// Schema implements huma.SchemaProvider.
func (partNumber) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{
		Type: huma.TypeInteger, Format: "int32", Minimum: ptr(0.0), Maximum: ptr(float64(recipients.MaxParts - 1)),
		Examples: []any{1},
	}
	s.PrecomputeMessages()
	return s
}

func (l *lists) remove(ctx context.Context, in *partInput) (*struct{}, error) {
	if err := l.manager.Remove(ctx, in.ID, int(in.Part)); err != nil {
		return nil, problemOf(ctx, err, l.log)
	}
	return nil, nil
}
