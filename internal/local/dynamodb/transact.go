package dynamodb

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

type transactWriteItemsInput struct {
	TransactItems          []transactItem
	ClientRequestToken     string
	ReturnConsumedCapacity string
}

type transactItem struct {
	Put            *put    `json:",omitempty"`
	Delete         *del    `json:",omitempty"`
	Update         *update `json:",omitempty"`
	ConditionCheck *check  `json:",omitempty"`
}

// write returns the one action that the item names.
func (item transactItem) write() (write, error) {
	var all []write
	if item.Put != nil {
		all = append(all, *item.Put)
	}
	if item.Delete != nil {
		all = append(all, *item.Delete)
	}
	if item.Update != nil {
		all = append(all, *item.Update)
	}
	if item.ConditionCheck != nil {
		all = append(all, *item.ConditionCheck)
	}
	if len(all) != 1 {
		return nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete; one has %d", len(all))
	}
	return all[0], nil
}

type transactWriteItemsOutput struct {
	ConsumedCapacity []capacity `json:",omitempty"`
}

// transactWriteItems works every action out before it stores any, so there is nothing to take back.
func (s *Server) transactWriteItems(in transactWriteItemsInput) (transactWriteItemsOutput, error) {
	var out transactWriteItemsOutput
	if n := len(in.TransactItems); n < 1 || n > MaxActions {
		return out, invalid("Member must have length less than or equal to %d, and at least 1: there are %d", MaxActions, n)
	}
	now := time.Now()
	reading, done, err := s.tokens.done(in, now)
	if done && err == nil {
		out.ConsumedCapacity, err = reading.consumedAgain(in.ReturnConsumedCapacity)
	}
	if done || err != nil {
		return out, err
	}
	changes, err := s.prepare(in.TransactItems)
	if err != nil {
		return out, err
	}
	total, reading := bill{}, bill{}
	for _, c := range changes {
		total.add(c.table.Name, c.transactionalUnits())
		reading.add(c.table.Name, c.readingAgain())
	}
	if out.ConsumedCapacity, err = total.consumedInTransaction(in.ReturnConsumedCapacity); err != nil {
		return out, err
	}
	for _, c := range changes {
		c.store()
	}
	return out, s.tokens.remember(in, now, reading)
}

// transactionalUnits is the price of a change in a transaction. A condition that is only checked costs as a write does.
func (c change) transactionalUnits() spent {
	if c.read {
		return spent{table: transactionalUnits * units(c.old.Size(), writeUnitBytes)}
	}
	return c.table.writeUnits(c.old, c.item, true)
}

// readingAgain is what the same transaction costs when it comes a second time: a read (API Reference, TransactWriteItems,
// ClientRequestToken).
func (c change) readingAgain() spent {
	return spent{table: transactionalUnits * readUnits(max(c.old.Size(), c.item.Size()), true)}
}

// prepare works all actions out. If any fails, the error has a reason for each.
func (s *Server) prepare(items []transactItem) ([]change, error) {
	changes := make([]change, len(items))
	reasons := make([]reason, len(items))
	seen := map[string]bool{}
	canceled, size := false, 0
	for i, item := range items {
		w, err := item.write()
		if err != nil {
			return nil, err
		}
		changes[i], err = w.prepare(s)
		if reasons[i], err = because(err, changes[i].id != ""); err != nil {
			return nil, err
		}
		canceled = canceled || reasons[i].Code != "None"
		id := changes[i].table.Name + "/" + changes[i].id
		if seen[id] {
			return nil, invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[id] = true
		size += max(changes[i].old.Size(), changes[i].item.Size())
	}
	switch {
	case size > MaxTransactBytes:
		return nil, invalid("The items of the transaction have %d bytes together, at most %d", size, MaxTransactBytes)
	case canceled:
		return nil, canceledBy(reasons)
	}
	return changes, nil
}

// because turns the fault of an action into its reason. What is wrong with the request itself stays an error: that is
// whatever came up before the item was looked at.
func because(err error, looked bool) (reason, error) {
	var f *fault
	switch {
	case err == nil:
		return reason{Code: "None"}, nil
	case !looked || !errors.As(err, &f):
		return reason{}, err
	case f.Code == codeConditionFails:
		return reason{"ConditionalCheckFailed", f.Message, f.Item}, nil
	}
	return reason{Code: "ValidationError", Message: f.Message}, nil
}

func canceledBy(reasons []reason) error {
	var codes []string
	for _, r := range reasons {
		codes = append(codes, r.Code)
	}
	return &fault{
		Code: codeCanceled,
		Message: "Transaction cancelled, please refer cancellation reasons for specific reasons [" +
			strings.Join(codes, ", ") + "]",
		Reasons: reasons,
	}
}

// tokens remembers the transactions that were applied (API Reference, TransactWriteItems, ClientRequestToken).
type tokens struct {
	known map[string]applied
	order []string // Oldest first.
}

type applied struct {
	at      time.Time
	digest  [sha256.Size]byte
	reading bill
}

// done reports whether this transaction has been applied already, and what that costs. The same token for another one is
// an error.
func (t *tokens) done(in transactWriteItemsInput, now time.Time) (bill, bool, error) {
	for len(t.order) > 0 && now.Sub(t.known[t.order[0]].at) >= TokenLife {
		delete(t.known, t.order[0])
		t.order = t.order[1:]
	}
	before, known := t.known[in.ClientRequestToken]
	if !known {
		return nil, false, nil
	}
	digest, err := digestOf(in)
	if err == nil && digest != before.digest {
		err = failed(codeMismatch, "The request uses the same client token as a previous, but non-identical request.")
	}
	return before.reading, true, err
}

func (t *tokens) remember(in transactWriteItemsInput, now time.Time, reading bill) error {
	if in.ClientRequestToken == "" {
		return nil
	}
	digest, err := digestOf(in)
	t.known[in.ClientRequestToken] = applied{now, digest, reading}
	t.order = append(t.order, in.ClientRequestToken)
	return err
}

// digestOf is the same for the same actions, in whatever order JSON had their members.
func digestOf(in transactWriteItemsInput) ([sha256.Size]byte, error) {
	text, err := json.Marshal(in.TransactItems)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("digest a transaction: %w", err)
	}
	return sha256.Sum256(text), nil
}
