package dynamodb_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/internal/local/dynamodb"
	"sluice/internal/local/dynamodb/attribute"
)

// Whatever is asked, the answer is a success or a client's fault, never a panic or a fault of the service.
func FuzzRequest(f *testing.F) {
	f.Add("PutItem", []byte(`{"TableName":"table","Item":{"pk":{"S":"a"},"sk":{"N":"-1e3"},"l":{"L":[{"M":{}}]}}}`))
	f.Add("UpdateItem", []byte(`{"TableName":"table","Key":{"pk":{"S":"a"},"sk":{"N":"1"}},"UpdateExpression":`+
		`"SET a = if_not_exists(a, :v) + :v, l[1].x = list_append(l, l) REMOVE #b ADD c :v DELETE d :s",`+
		`"ExpressionAttributeNames":{"#b":"b"},"ExpressionAttributeValues":{":v":{"N":"1"},":s":{"SS":["x"]}},`+
		`"ConditionExpression":"NOT (size(a) < :v OR a IN (:v, :v)) AND b BETWEEN :v AND :v","ReturnValues":"UPDATED_NEW"}`))
	f.Add("Query", []byte(`{"TableName":"table","KeyConditionExpression":"pk = :p AND sk > :n","ProjectionExpression":"a[0].b, sk",`+
		`"ExpressionAttributeValues":{":p":{"S":"a"},":n":{"N":"0"}},"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"2"}},"Limit":1}`))
	f.Add("Scan", []byte(`{"TableName":"table","IndexName":"index","FilterExpression":"contains(a, b)","ReturnConsumedCapacity":"TOTAL"}`))
	f.Add("BatchGetItem", []byte(`{"RequestItems":{"table":{"Keys":[{"pk":{"S":"a"},"sk":{"N":"1"}}]}}}`))
	f.Add("BatchWriteItem", []byte(`{"RequestItems":{"table":[{"DeleteRequest":{"Key":{"pk":{"S":"a"},"sk":{"N":"1"}}}}]}}`))
	f.Add("TransactWriteItems", []byte(`{"TransactItems":[{"ConditionCheck":{"TableName":"table","Key":{"pk":{"S":"a"},"sk":{"N":"1"}},`+
		`"ConditionExpression":"attribute_exists(pk)"}}],"ClientRequestToken":"x"}`))
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		server, err := dynamodb.New(dynamodb.Table{
			Name:  "table",
			Hash:  dynamodb.Key{Name: "pk", Kind: attribute.String},
			Range: dynamodb.Key{Name: "sk", Kind: attribute.Number},
			Indexes: []dynamodb.Index{{
				Name: "index", Hash: dynamodb.Key{Name: "a", Kind: attribute.Number}, Projection: dynamodb.ProjectKeysOnly,
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		put := `{"TableName":"table","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"a":{"N":"5"},"l":{"L":[{"S":"x"},{"M":{"x":{"N":"1"}}}]}}}`
		for i, request := range []struct{ operation, body string }{{"PutItem", put}, {operation, string(body)}} {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(request.body))
			r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+request.operation)
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			if w.Code != http.StatusOK && (i == 0 || w.Code != http.StatusBadRequest) || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s %q: %d %s", request.operation, request.body, w.Code, w.Body)
			}
		}
	})
}
