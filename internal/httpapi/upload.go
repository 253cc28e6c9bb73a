package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sluice/internal/campaign"
	"sluice/internal/recipientfile"
	"sluice/internal/recipients"
)

const (
	// maxSent is what API Gateway takes. Of that, recipientfile says what is too much, and what to do.
	maxSent = 10 << 20
	// shownRefusals is how many refused rows the answer to an upload has.
	shownRefusals = 100
)

func (l *lists) registerUpload(api huma.API) {
	body := &huma.RequestBody{Content: map[string]*huma.MediaType{jsonMedia: {Schema: partSchema(api)}}}
	register(api, huma.Operation{
		OperationID: "upload-recipients", Method: http.MethodPut, Path: partPath,
		Summary: "Upload a part of a draft's recipients, in place of what is there under its number",
		Description: "As CSV (RFC 4180, UTF-8; comma, semicolon or tab) whose first line names the columns, or as JSON. Parts come in any " +
			"order and at the same time, and it is safe to repeat one: the same content is the same part. A row whose number or " +
			"values are of no use is refused, and the others are stored; where the file itself cannot be read, nothing is. " +
			fmt.Sprintf("At most %d rows, %d bytes as sent (%d if packed with gzip) and %d bytes unpacked; ", recipients.MaxRows,
				recipientfile.MaxBody, recipientfile.MaxPacked, recipientfile.MaxUnpacked) +
			fmt.Sprintf("a body that is not packed may be refused below %d bytes where it has many quotation marks and line ends, ",
				recipientfile.MaxBody) +
			"since each of them takes two in the event of 6 MB that carries it: send it packed; " +
			fmt.Sprintf("at most %d recipients in all parts.", recipients.MaxList),
		MaxBodyBytes: maxSent + 1, SkipValidateBody: true, Middlewares: huma.Middlewares{takesPart}, RequestBody: body,
	}, l.upload)
	body.Content[csvMedia] = &huma.MediaType{
		Schema: &huma.Schema{Type: huma.TypeString}, Example: "number,first_name\n447700900001,Ada\n",
	}
}

// partSchema is of what JSON may be uploaded. It is told, and not checked: what is wrong with a row is no reason to refuse
// the others.
func partSchema(api huma.API) *huma.Schema {
	row := rowBody{}.Schema(api.OpenAPI().Components.Schemas)
	row.OneOf = append(row.OneOf, &huma.Schema{Type: huma.TypeInteger})
	row.Description = "Numbers and values may be JSON numbers here, and values null: files are made by programs."
	rows := &huma.Schema{Type: huma.TypeArray, Items: row, MaxItems: ptr(recipients.MaxRows)}
	return &huma.Schema{OneOf: []*huma.Schema{
		{
			Type: huma.TypeObject, Required: []string{"recipients"}, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{"recipients": rows},
		},
		rows,
	}}
}

// takesPart lets in what takesList does, also packed. It must say what it is: most lists are CSV.
func takesPart(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	switch strings.ToLower(strings.Join(r.Header.Values("Content-Encoding"), ",")) {
	case "", "identity":
		r.Header.Del("Content-Encoding")
	case gzip, "x-gzip": // the same (RFC 9110, section 8.4.1.3)
		r.Header.Set("Content-Encoding", gzip)
	default:
		w.Header().Set("Accept-Encoding", gzip) // RFC 9110, section 15.5.16
		writeProblem(w, Problem{
			Status: http.StatusUnsupportedMediaType,
			Detail: "the body must be packed with gzip, and have the header Content-Encoding: gzip, or not be packed at all",
		})
		return
	}
	if r.Header.Get("Content-Type") == "" {
		writeProblem(w, noList())
		return
	}
	takesList(ctx, next)
}

const gzip = "gzip"

type uploadInput struct {
	ID       string     `path:"id" doc:"The campaign's id"`
	Part     partNumber `path:"part" doc:"The part's number"`
	Columns  string     `query:"columns" maxLength:"4000" doc:"Which column of a CSV file is what: pairs of a variable of the text, or number, and the header of its column. Other columns are recognised by their headers, in which case, spaces, _ and - make no difference." example:"number:Mobile,first_name:Vorname"`
	FirstRow int        `query:"first_row" minimum:"1" maximum:"1000000000" doc:"What to call the first row in reports; where it is absent, rows of CSV are called by their line, those of JSON by their place from 1"`
	Encoding string     `header:"Content-Encoding" enum:"gzip,identity"`
	RawBody  []byte     `contentType:"text/csv"`

	media    string
	firstRow string // as sent
}

// Resolve keeps what the digest is of.
func (in *uploadInput) Resolve(ctx huma.Context) []error {
	in.media, in.firstRow = ctx.Header("Content-Type"), ctx.Query("first_row")
	return nil
}

type uploadOutput struct {
	Body struct {
		partView
		Columns     map[string]string `json:"columns,omitempty" doc:"Which column of a CSV file is what: for number and each variable of the text its header, or column 2 where it has none; empty for a variable without a column, whose default stands in every text. Absent for JSON, and where the same content was there already."`
		Refusals    []rowView         `json:"refusals" nullable:"false" doc:"The first 100 refused rows"`
		RefusedHref string            `json:"refused_href,omitempty" doc:"Where to read all of them; absent where there are none"`
	}
}

// rowView is a refused row, in the answer to whoever has sent it.
type rowView struct {
	Row    int    `json:"row" doc:"The line of the file or the place in the list, counted as first_row says"`
	Reason string `json:"reason" example:"has no first_name, for which the text has no default"`
}

func (l *lists) upload(ctx context.Context, in *uploadInput) (*uploadOutput, error) {
	columns, err := recipientfile.ParseColumns(in.Columns)
	if err != nil {
		return nil, l.problemOf(ctx, err)
	}
	content, err := recipientfile.Unpack(in.RawBody, in.Encoding == gzip)
	if err != nil {
		return nil, l.problemOf(ctx, err)
	}
	var refused []recipients.Refusal
	var found recipientfile.Columns
	there := true
	digest := recipientfile.Digest(content, in.media, in.Columns, in.firstRow)
	part, err := l.manager.Upload(ctx, in.ID, int(in.Part), digest, func(c campaign.Campaign, b *recipients.Builder) error {
		var err error
		found, err = read(content, b, recipientfile.Options{
			Media: in.media, Template: c.Template(), Columns: columns, FirstRow: in.FirstRow,
		})
		refused, there = b.Refused(), false
		return err
	})
	if err == nil && there && part.Refused > 0 {
		refused, err = l.manager.Refusals(ctx, in.ID, part, 0)
	}
	if err != nil {
		return nil, l.problemOf(ctx, err)
	}
	out := uploadOutputOf(in.ID, part, refused)
	out.Body.Columns = found
	return out, nil
}

// read feeds a file to a builder, which takes every row, and returns the columns that it has read.
func read(content []byte, b *recipients.Builder, o recipientfile.Options) (recipientfile.Columns, error) {
	add := func(r recipients.Row) error {
		b.Add(r)
		return nil
	}
	return recipientfile.Read(content, o, add, func(r recipients.Refusal) error {
		b.Refuse(r.At, r.Number, r.Reason)
		return nil
	})
}

func uploadOutputOf(id string, p recipients.Part, refused []recipients.Refusal) *uploadOutput {
	out := &uploadOutput{}
	out.Body.partView, out.Body.Refusals = partViewOf(p), []rowView{}
	for _, r := range refused[:min(len(refused), shownRefusals)] {
		out.Body.Refusals = append(out.Body.Refusals, rowView{Row: r.At, Reason: r.Reason})
	}
	if p.Refused > 0 {
		out.Body.RefusedHref = fmt.Sprintf("%s?part=%d", strings.ReplaceAll(refusedPath, "{id}", id), p.Number)
	}
	return out
}

// problemOf says what is wrong with a file.
func (l *lists) problemOf(ctx context.Context, err error) error {
	var faulty *recipientfile.Error
	if !errors.As(err, &faulty) {
		return problemOf(ctx, err, l.log)
	}
	p := Problem{Status: http.StatusUnprocessableEntity}
	if faulty.TooLarge {
		p.Status = http.StatusRequestEntityTooLarge
	}
	for _, one := range faulty.Problems {
		p.Errors = append(p.Errors, FieldError{Field: one.Field, Row: one.Row, Reason: one.Reason})
	}
	return p
}
