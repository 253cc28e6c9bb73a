package sqs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/internal/local/sqs"
)

// BenchmarkReceive sends, receives and deletes one message of a queue that holds many. Without groups a queue is one line
// by age, which is what the others are to be compared with.
func BenchmarkReceive(b *testing.B) {
	const held = 50_000
	for _, groups := range []int{0, 1, 100, held} {
		b.Run(fmt.Sprintf("groups=%d", groups), func(b *testing.B) {
			server, err := sqs.New(baseURL, sqs.Queue{Name: "q"})
			if err != nil {
				b.Fatal(err)
			}
			send := func(i int) {
				group := ""
				if groups > 0 {
					group = fmt.Sprintf(`,"MessageGroupId":"tenant-%d"`, i%groups)
				}
				call(b, server, "SendMessage", `"MessageBody":"m"`+group)
			}
			for i := range held {
				send(i)
			}
			b.ResetTimer()
			for i := range b.N {
				send(i)
				var got struct {
					Messages []struct{ ReceiptHandle string }
				}
				if err := json.Unmarshal(call(b, server, "ReceiveMessage", `"MaxNumberOfMessages":1`), &got); err != nil {
					b.Fatal(err)
				}
				call(b, server, "DeleteMessage", fmt.Sprintf(`"ReceiptHandle":%q`, got.Messages[0].ReceiptHandle))
			}
		})
	}
}

// call is one request without the SDK, which would take most of the time.
func call(b *testing.B, h http.Handler, operation, parameters string) []byte {
	b.Helper()
	body := fmt.Sprintf(`{"QueueUrl":%q,%s}`, urlOf("q"), parameters)
	r := httptest.NewRequest(http.MethodPost, baseURL, strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("%s: %d: %s", operation, w.Code, w.Body)
	}
	return w.Body.Bytes()
}
