package vonage_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/golang-jwt/jwt/v5"

	"sluice/internal/lambdaio"
	"sluice/internal/sms"
	"sluice/internal/vonage"
)

// The files under events/webhook are webhooks as API Gateway hands them to the function, signed with localSecret by
// sha256 at hookTime (1772355600): whoever verifies them must have a clock that is set to about then. They speak of the campaign and the numbers that the others under events/ speak of.
//
// After a change here: go test ./internal/vonage -run TestEventFiles -update
var update = flag.Bool("update", false, "write the files under events/webhook")

const (
	webhookEvents = "../../events/webhook"
	localSecret   = "local-signature-secret"
	localCampaign = "01K9SAMP1E0000000000000000"
	receiptsPath  = "/webhooks/vonage/receipts"
	inboundPath   = "/webhooks/vonage/inbound"
)

var (
	localReceipt = params{
		"msisdn": "447700900001", "to": "447700900000", "network-code": "23420", "messageId": "0A00000000000001", "price": "0.04120000",
		"status": "delivered", "scts": "2603010900", "err-code": "0", "api-key": "local123", "client-ref": localCampaign,
		"message-timestamp": "2026-03-01 09:00:00",
	}
	localFailure = with(localReceipt, "msisdn", "447700900002", "messageId", "0A00000000000002", "status", "failed", "err-code", "9")
	localInbound = params{
		"msisdn": "447700900001", "to": "447700900000", "messageId": "0B00000000000001", "text": "Yes, & thank you 😀", "type": "unicode",
		"keyword": "YES,", "api-key": "local123", "message-timestamp": "2026-03-01 09:00:00",
	}
	localStop = with(localInbound, "msisdn", "447700900003", "messageId", "0B00000000000002", "text", "STOP", "type", "text", "keyword", "STOP")
	localPart = with(localInbound, "messageId", "0B00000000000003", "text", "and the second part of it.", "type", "text", "keyword", "AND",
		"concat", "true", "concat-ref", "171", "concat-total", "2", "concat-part", "2")
)

const (
	localStatus = `{"message_uuid":"6f1f2c3a-9d0e-4b57-8a40-1c2d3e4f5a6b","to":"447700900001","from":"447700900000",` +
		`"timestamp":"2026-03-01T09:00:00Z","status":"delivered","client_ref":"` + localCampaign + `","channel":"sms",` +
		`"usage":{"currency":"EUR","price":"0.0412"},"destination":{"network_code":"23420"},"sms":{"count_total":"1"}}`
	localMessage = `{"channel":"sms","message_uuid":"7a2b3c4d-5e6f-4a1b-9c8d-0e1f2a3b4c5d","to":"447700900000","from":"447700900001",` +
		`"timestamp":"2026-03-01T09:00:00Z","text":"Yes, thank you","message_type":"text","sms":{"num_messages":"1","keyword":"YES,"},` +
		`"usage":{"currency":"EUR","price":"0.0100"},"origin":{"network_code":"23420"}}`
)

// eventFile is one of the files, and what it is read as.
type eventFile struct {
	request httpRequest
	receipt sms.Receipt // of those under receiptsPath
	inbound sms.Inbound
	refusal error
}

type httpRequest struct {
	method, path, query, contentType, authorization, body string
}

func localSigned(p params) params {
	p = with(p, "timestamp", strconv.FormatInt(hookTime.Unix(), 10), "nonce", "929d6744-bd28-42c8-b6cf-31d5b4f43732")
	return with(p, "sig", vonage.HMACSHA256.Sign(p, localSecret))
}

func eventFiles(t *testing.T) map[string]eventFile {
	asQuery := func(path string, p params) httpRequest {
		return httpRequest{method: "GET", path: path, query: encode(p)}
	}
	asForm := func(path string, p params) httpRequest {
		return httpRequest{method: "POST", path: path, contentType: formType + "; charset=UTF-8", body: encode(p)}
	}
	asJSON := func(path string, p params) httpRequest {
		return httpRequest{method: "POST", path: path, contentType: "application/json", body: string(marshal(t, p, ""))}
	}
	asMessage := func(path, body string, c jwt.MapClaims) httpRequest {
		c["api_key"] = "local123"
		return httpRequest{method: "POST", path: path, contentType: "application/json", body: body,
			authorization: "Bearer " + token(c, localSecret)}
	}
	delivered := sms.Receipt{
		Ref: localCampaign, To: "447700900001", From: "447700900000", MessageID: "0A00000000000001", Status: sms.Delivered,
		Network: "23420", Price: "0.04120000", At: hookTime,
	}
	optedOut := delivered
	optedOut.To, optedOut.MessageID, optedOut.Status, optedOut.OptedOut = "447700900002", "0A00000000000002", sms.Undeliverable, true
	optedOut.Code, optedOut.Reason = "vonage receipt 9", "the recipient has opted out"
	status := delivered
	status.MessageID, status.Price, status.Whole = "6f1f2c3a-9d0e-4b57-8a40-1c2d3e4f5a6b", "0.0412", true
	answer := sms.Inbound{From: "447700900001", To: "447700900000", MessageID: "0B00000000000001", Text: "Yes, & thank you 😀", At: hookTime}
	stop, part, message := answer, answer, answer
	stop.From, stop.MessageID, stop.Text = "447700900003", "0B00000000000002", "STOP"
	part.MessageID, part.Text, part.Part = "0B00000000000003", "and the second part of it.", sms.InboundPart{Ref: "171", Number: 2, Total: 2}
	message.MessageID, message.Text = "7a2b3c4d-5e6f-4a1b-9c8d-0e1f2a3b4c5d", "Yes, thank you"
	return map[string]eventFile{
		"receipt-get.json":       {request: asQuery(receiptsPath, localSigned(localReceipt)), receipt: delivered},
		"receipt-form.json":      {request: asForm(receiptsPath, localSigned(localReceipt)), receipt: delivered},
		"receipt-json.json":      {request: asJSON(receiptsPath, localSigned(localReceipt)), receipt: delivered},
		"receipt-opted-out.json": {request: asJSON(receiptsPath, localSigned(localFailure)), receipt: optedOut},
		"receipt-unsigned.json":  {request: asJSON(receiptsPath, localReceipt), refusal: vonage.ErrUnsigned},
		"receipt-forged.json":    {request: asJSON(receiptsPath, with(localSigned(localReceipt), "status", "failed")), refusal: vonage.ErrForged},
		"inbound-get.json":       {request: asQuery(inboundPath, localSigned(localInbound)), inbound: answer},
		"inbound-form.json":      {request: asForm(inboundPath, localSigned(localInbound)), inbound: answer},
		"inbound-json.json":      {request: asJSON(inboundPath, localSigned(localInbound)), inbound: answer},
		"inbound-stop.json":      {request: asJSON(inboundPath, localSigned(localStop)), inbound: stop},
		"inbound-part.json":      {request: asJSON(inboundPath, localSigned(localPart)), inbound: part},
		"message-status.json":    {request: asMessage(receiptsPath, localStatus, claimsOf(localStatus)), receipt: status},
		"message-inbound.json":   {request: asMessage(inboundPath, localMessage, claimsOf(localMessage)), inbound: message},
	}
}

func TestEventFilesAreSignedAndRead(t *testing.T) {
	files := eventFiles(t)
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			path, want := filepath.Join(webhookEvents, name), marshal(t, event(file.request), "  ")
			if *update {
				if err := os.WriteFile(path, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("is not as it would be made now (-update makes it):\n%s", got)
			}
			receive(t, got, file)
		})
	}
	there, err := filepath.Glob(filepath.Join(webhookEvents, "*"))
	if err != nil || len(there) != len(files) {
		t.Errorf("%d files are there, %d are known (%v)", len(there), len(files), err)
	}
}

// receive lets an event come in as in Lambda.
func receive(t *testing.T, content []byte, want eventFile) {
	t.Helper()
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(content, &e); err != nil {
		t.Fatal(err)
	}
	w := vonage.NewWebhooks(hookConfig(vonage.HMACSHA256, localSecret))
	handled := false
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		handled = true
		var receipt sms.Receipt
		var inbound sms.Inbound
		var err error
		if r.URL.Path == receiptsPath {
			receipt, err = w.Receipt(r)
		} else {
			inbound, err = w.Inbound(r)
		}
		if !errors.Is(err, want.refusal) || receipt != want.receipt || inbound != want.inbound {
			t.Errorf("got %#v, %#v (%v)", receipt, inbound, err)
		}
	})
	if _, err := lambdaio.HTTP(handler, slog.Default())(context.Background(), e); err != nil || !handled {
		t.Errorf("handled: %v (%v)", handled, err)
	}
}

// event has its members in the order of the other files.
func event(r httpRequest) any {
	const host = "abcdefghij.execute-api.us-east-1.amazonaws.com"
	headers := map[string]string{
		"accept": "*/*", "host": host, "user-agent": "Vonage", "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443",
		"x-forwarded-proto": "https",
	}
	if r.body != "" {
		headers["content-length"], headers["content-type"] = strconv.Itoa(len(r.body)), r.contentType
	}
	if r.authorization != "" {
		headers["authorization"] = r.authorization
	}
	// API Gateway hands on as text what says that it is text or JSON, and anything else, forms too, in base64.
	body, isBase64 := r.body, r.body != "" && r.contentType != "application/json"
	if isBase64 {
		body = base64.StdEncoding.EncodeToString([]byte(body))
	}
	route := r.method + " " + r.path
	return struct {
		Version        string            `json:"version"`
		RouteKey       string            `json:"routeKey"`
		RawPath        string            `json:"rawPath"`
		RawQuery       string            `json:"rawQueryString"`
		Headers        map[string]string `json:"headers"`
		Query          map[string]string `json:"queryStringParameters,omitempty"`
		RequestContext map[string]any    `json:"requestContext"`
		Body           string            `json:"body,omitempty"`
		IsBase64       bool              `json:"isBase64Encoded"`
	}{
		"2.0", route, r.path, r.query, headers, decode(r.query), map[string]any{
			"accountId": "123456789012", "apiId": "abcdefghij", "domainName": host, "domainPrefix": "abcdefghij",
			"http": map[string]string{
				"method": r.method, "path": r.path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "Vonage",
			},
			"requestId": "JKJaXmPLvHcESHA=", "routeKey": route, "stage": "$default",
			"time": hookTime.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": hookTime.UnixMilli(),
		}, body, isBase64,
	}
}

func decode(query string) params {
	p := params{}
	for name, values := range get(query).URL.Query() {
		p[name] = values[0]
	}
	return p
}

func marshal(t *testing.T, v any, indent string) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	if indent == "" {
		return bytes.TrimSpace(b.Bytes())
	}
	return b.Bytes()
}
