package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const jsonMedia = "application/json"

// formats are huma's for JSON, but that bodies are read strictly. CSV is only read: what is written of it is bytes already.
func formats() map[string]huma.Format {
	strict := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: readJSON}
	table := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: readCSV}
	return map[string]huma.Format{jsonMedia: strict, "json": strict, csvMedia: table}
}

// byteOrderMark is what some editors put before a text. RFC 8259, section 8.1, lets a reader ignore it.
var byteOrderMark = []byte("\ufeff")

// readJSON is json.Unmarshal, except that what it would guess at is refused: bytes that are no UTF-8, and a field that
// comes twice. Its errors can be read after the word "body" and hold nothing of it but the names of fields.
//
// huma calls it twice: with an *any, whose content the schema then checks, and with the type that the schema is of.
func readJSON(data []byte, v any) error {
	data = bytes.TrimPrefix(data, byteOrderMark)
	target, ok := v.(*any)
	if !ok {
		if json.Unmarshal(data, v) != nil {
			return errors.New("does not fit its description in /openapi.json")
		}
		return nil
	}
	if !utf8.Valid(data) {
		return errors.New("is not UTF-8 throughout")
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(data, new(json.RawMessage)); errors.As(err, &syntax) {
		line, column := position(data, syntax.Offset)
		return fmt.Errorf("cannot be read as JSON: look at line %d, column %d", line, column)
	}
	if name, twice := repeated(data); twice && fieldName.MatchString(name) {
		return fmt.Errorf("has the field %s twice", name)
	} else if twice {
		return errors.New("has a field twice")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(target); err != nil {
		return errors.New("cannot be read as JSON")
	}
	*target = plainNumbers(*target)
	return nil
}

// position is of the byte at which reading ended, in the way that editors count.
func position(data []byte, offset int64) (line, column int) {
	before := data[:min(max(offset, 1), int64(len(data)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, max(1, utf8.RuneCount(before[start:]))
}

// repeated finds a field that comes twice in the object that data is. Case does not tell fields apart, as in
// json.Unmarshal.
func repeated(data []byte) (name string, twice bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return "", false
	}
	seen := make(map[string]bool)
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return "", false
		}
		folded := strings.ToLower(strings.ToUpper(name)) // both: ſ and the Kelvin sign fold to letters only one way
		if seen[folded] {
			return name, true
		}
		seen[folded] = true
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return "", false
		}
	}
	return "", false
}

// plainNumbers makes numbers float64, as the schema wants them. One that is too large for that is infinite, and so over
// every limit.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plainNumbers(v[name])
		}
	}
	return v
}

// takesJSON refuses a body of another kind, as curl -d sends where nothing else is said: what is a form for the sender
// is not to be guessed at. A body without any kind is taken for JSON.
func takesJSON(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if r.ContentLength != 0 && mediaOf(r) != jsonMedia {
		writeProblem(w, Problem{
			Status: http.StatusUnsupportedMediaType,
			Detail: "the body must be JSON and say so: send the header Content-Type: application/json " +
				"(curl -H 'Content-Type: application/json')",
		})
		return
	}
	r.Header.Set("Content-Type", jsonMedia)
	next(ctx)
}

// mediaOf is the kind of a body, JSON for one that does not say; empty where it cannot be read, or not as UTF-8.
func mediaOf(r *http.Request) string {
	kind := r.Header.Get("Content-Type")
	if kind == "" {
		return jsonMedia
	}
	media, parameters, err := mime.ParseMediaType(kind)
	charset := strings.ToLower(parameters["charset"])
	if err != nil || charset != "" && charset != "utf-8" && charset != "us-ascii" {
		return ""
	}
	return media
}
