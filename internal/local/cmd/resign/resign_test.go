package resign_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sluice/internal/lambdaio"
	"sluice/internal/local/cmd/resign"
	"sluice/internal/vonage"
	"sluice/internal/webhook"
)

const (
	secretOfFiles = "local-signature-secret"
	ours          = "another-secret"
)

// later is long after the files were signed.
var later = time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)

func files(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../../../../events/webhook/*.json")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%v, %d files", err, len(paths))
	}
	found := map[string][]byte{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(path)] = content
	}
	return found
}

// verdict is what a webhook that trusts the secret says of an event.
func verdict(t *testing.T, event []byte, as resign.Signature) error {
	t.Helper()
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(event, &e); err != nil {
		t.Fatal(err)
	}
	hooks := vonage.NewWebhooks(vonage.WebhookConfig{
		Method: as.Method, Now: func() time.Time { return later },
		Secrets: func(context.Context) ([]string, error) { return []string{as.Secret}, nil },
	})
	var verdict error
	read := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == webhook.ReceiptsPath {
			receipt, err := hooks.Receipt(r)
			if verdict = err; err == nil && receipt.To == "" {
				t.Errorf("read as %#v", receipt)
			}
			return
		}
		inbound, err := hooks.Inbound(r)
		if verdict = err; err == nil && (inbound.Text == "" || !inbound.At.Equal(later)) {
			t.Errorf("read as %#v", inbound)
		}
	})
	if _, err := lambdaio.HTTP(read, slog.New(slog.DiscardHandler))(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return verdict
}

func TestWhatWasSignedLongAgoIsTakenAgain(t *testing.T) {
	for name, event := range files(t) {
		if strings.Contains(name, "forged") || strings.Contains(name, "unsigned") {
			continue
		}
		for _, method := range vonage.Methods() {
			t.Run(name+" "+string(method), func(t *testing.T) {
				as := resign.Signature{Method: method, Secret: ours}
				fresh, again, err := resign.Event(event, secretOfFiles, as, later)
				if err != nil || !again {
					t.Fatalf("signed anew: %t, %v", again, err)
				}
				if verdict(t, event, as) == nil {
					t.Error("the file itself is taken")
				}
				if err := verdict(t, fresh, as); err != nil {
					t.Errorf("signed anew it is refused: %v", err)
				}
			})
		}
	}
}

func TestWhatNobodySignedStaysAsItIs(t *testing.T) {
	all := files(t)
	for name, event := range map[string][]byte{
		"forged": all["receipt-forged.json"], "not signed": all["receipt-unsigned.json"], "no webhook": []byte(`{"Records": []}`),
		"no JSON": []byte("{"), "another form": []byte(`{"body": "[1]"}`), "no base64": []byte(`{"body": "%", "isBase64Encoded": true}`),
		"another body than was signed": []byte(strings.Replace(string(all["message-status.json"]), "delivered", "rejected", 1)),
	} {
		t.Run(name, func(t *testing.T) {
			as := resign.Signature{Method: vonage.HMACSHA256, Secret: ours}
			got, again, err := resign.Event(event, secretOfFiles, as, later)
			if err != nil || again || string(got) != string(event) {
				t.Errorf("became %s (%t, %v)", got, again, err)
			}
		})
	}
	t.Run("by another secret", func(t *testing.T) {
		as := resign.Signature{Method: vonage.HMACSHA256, Secret: ours}
		if _, again, err := resign.Event(all["receipt-json.json"], ours, as, later); err != nil || again {
			t.Errorf("signed anew: %t, %v", again, err)
		}
	})
}
