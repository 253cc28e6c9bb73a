package simulation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/local/dynamodb/attribute"
)

// askingForCapacity adds a parameter to a request to DynamoDB.
func askingForCapacity(body []byte) ([]byte, error) {
	in := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read a request to DynamoDB: %w", err)
	}
	in["ReturnConsumedCapacity"] = json.RawMessage(`"INDEXES"`)
	return json.Marshal(in)
}

func tallyOf(call *Charge, asked, answer []byte) (Tally, error) {
	switch call.Service() {
	case "DynamoDB_20120810":
		call.Items = itemsIn(asked)
		return dynamoDBTally(*call, asked, answer)
	case "AmazonSQS":
		var received struct{ Messages []json.RawMessage }
		if err := json.Unmarshal(answer, &received); err != nil && len(answer) > 0 {
			return Tally{}, err
		}
		if call.Name() == "ReceiveMessage" && len(received.Messages) == 0 {
			return Tally{Empty: 1}, nil
		}
		return Tally{Calls: 1, Requests: blocks(max(len(asked), len(answer)), sqsRequestBytes)}, nil
	}
	return Tally{Calls: 1}, nil
}

func blocks(bytes, size int) int { return max(1, (bytes+size-1)/size) }

// consumed is what DynamoDB says of one table.
type consumed struct {
	CapacityUnits          float64
	ReadCapacityUnits      float64 // of a transaction that had been applied before
	GlobalSecondaryIndexes map[string]struct{ CapacityUnits float64 }
}

// dynamoDBTally reads what an answer says that it cost. Nothing is said where a condition failed: then the write of the
// existing item is billed (Developer Guide, "Condition expressions"), of which the error has a copy where it was asked
// for; without one it is taken to be small.
func dynamoDBTally(call Charge, asked, answer []byte) (Tally, error) {
	var out struct {
		ConsumedCapacity json.RawMessage
		Type             string                          `json:"__type"`
		Item             attribute.Item                  // of a failed condition
		Reasons          []struct{ Item attribute.Item } `json:"CancellationReasons"`
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return Tally{}, err
	}
	t := Tally{Calls: 1}
	switch {
	case strings.HasSuffix(out.Type, "#ConditionalCheckFailedException"):
		t.Refused, t.Write = 1, writeUnits(out.Item)
		return t, nil
	case strings.HasSuffix(out.Type, "#TransactionCanceledException"):
		t.Refused = 1
		for _, r := range out.Reasons {
			t.Write += 2 * writeUnits(r.Item)
		}
		return t, nil
	case out.Type != "":
		return t, nil
	}
	all, err := consumedIn(out.ConsumedCapacity)
	if err != nil || len(all) == 0 {
		return t, errors.Join(err, fmt.Errorf("%d tables in the consumed capacity of %q", len(all), answer))
	}
	for _, c := range all {
		t.Read += c.ReadCapacityUnits
		if isRead(call.Name()) {
			t.Read += c.CapacityUnits
			continue
		}
		t.Write += c.CapacityUnits - c.ReadCapacityUnits
		for _, x := range c.GlobalSecondaryIndexes {
			t.Index += x.CapacityUnits
		}
	}
	return t, nil
}

func isRead(operation string) bool {
	switch operation {
	case "GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems":
		return true
	}
	return false
}

// consumedIn reads one, or a list of them.
func consumedIn(answer json.RawMessage) ([]consumed, error) {
	if !bytes.HasPrefix(answer, []byte("[")) {
		answer = bytes.Join([][]byte{[]byte("["), answer, []byte("]")}, nil)
	}
	var all []consumed
	return all, json.Unmarshal(answer, &all)
}

// writeUnits is the price of writing an item of that size.
func writeUnits(item attribute.Item) float64 {
	const writeUnitBytes = 1 << 10
	return float64(blocks(item.Size(), writeUnitBytes))
}

// itemsIn names the kinds of items that a request is about, each once, or the index that it queries: "BATCH+CAMPAIGN".
func itemsIn(asked []byte) string {
	var in map[string]any
	if json.Unmarshal(asked, &in) != nil {
		return ""
	}
	if index, ok := in["IndexName"].(string); ok {
		return "index " + index
	}
	kinds := kindsIn(in)
	slices.Sort(kinds)
	return strings.Join(slices.Compact(kinds), "+")
}

// kindsIn looks for keys, however deep they are.
func kindsIn(value any) []string {
	var kinds []string
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			kinds = append(kinds, kindsIn(element)...)
		}
	case map[string]any:
		pk, sk := keyText(v["pk"]), keyText(v["sk"])
		if pk != "" && sk != "" {
			return []string{kindOf(pk, sk)}
		}
		for _, element := range v {
			kinds = append(kinds, kindsIn(element)...)
		}
	}
	return kinds
}

func keyText(value any) string {
	v, _ := value.(map[string]any)
	text, _ := v["S"].(string)
	return text
}

// kindOf is what the sort key begins with, or the partition key where that is a number or an id.
func kindOf(pk, sk string) string {
	from := sk
	if sk[0] < 'A' || sk[0] > 'Z' {
		from = pk
	}
	kind, _, _ := strings.Cut(from, "#")
	return kind
}
