package resign

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sluice/internal/vonage"
)

// pushed is how the SMS API writes when it sent a webhook, in UTC (Vonage, "Delivery receipts", message-timestamp).
const pushed = "2006-01-02 15:04:05"

// params signs a webhook of the SMS API.
func (e *webhook) params(secret string, as Signature, now time.Time) (bool, error) {
	params, put := e.find()
	if params == nil || !signed(params, secret) {
		return false, nil
	}
	params["timestamp"] = strconv.FormatInt(now.Unix(), 10)
	if _, has := params["message-timestamp"]; has {
		params["message-timestamp"] = now.UTC().Format(pushed)
	}
	params["sig"] = as.Method.Sign(params, as.Secret)
	return true, put(params)
}

func signed(params map[string]string, secret string) bool {
	for _, method := range vonage.Methods() {
		if method.Verify(params, secret, params["sig"]) {
			return true
		}
	}
	return false
}

// find reads the parameters from where they are: the query, a form, or JSON. put is for putting others there.
func (e *webhook) find() (params map[string]string, put func(map[string]string) error) {
	if e.body == "" {
		query, _ := e.all["rawQueryString"].(string)
		return flat(query), e.putQuery
	}
	if strings.HasPrefix(e.header("content-type"), "application/x-www-form-urlencoded") {
		return flat(e.body), func(params map[string]string) error {
			e.body = encode(params)
			return nil
		}
	}
	if json.Unmarshal([]byte(e.body), &params) != nil {
		return nil, nil
	}
	return params, func(params map[string]string) error {
		body, err := json.Marshal(params)
		e.body = string(body)
		return err
	}
}

func (e *webhook) putQuery(params map[string]string) error {
	e.all["rawQueryString"] = encode(params)
	e.all["queryStringParameters"] = params
	return nil
}

// flat reads a form or a query; nil where it is none.
func flat(text string) map[string]string {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil
	}
	params := make(map[string]string, len(values))
	for name, all := range values {
		params[name] = all[0]
	}
	return params
}

func encode(params map[string]string) string {
	values := make(url.Values, len(params))
	for name, value := range params {
		values.Set(name, value)
	}
	return values.Encode()
}

func fromBase64(text string) (string, error) {
	content, err := base64.StdEncoding.DecodeString(text)
	return string(content), err
}

func toBase64(content string) string { return base64.StdEncoding.EncodeToString([]byte(content)) }
