package dynamodb

import (
	"slices"

	"sluice/internal/local/dynamodb/attribute"
	"sluice/internal/local/dynamodb/expression"
)

// placeholders are what expressions refer to.
type placeholders struct {
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues attribute.Item
}

// guard is the condition of a write, and what to answer when it fails.
type guard struct {
	ConditionExpression                 *string
	ReturnValuesOnConditionCheckFailure string
	placeholders
}

// put, del, update and check are one write each, alone or in a transaction.
type put struct {
	TableName string
	Item      attribute.Item
	guard
}

type del struct {
	TableName string
	Key       attribute.Item
	guard
}

type update struct {
	TableName        string
	Key              attribute.Item
	UpdateExpression *string
	guard
}

type check del

// change is a write that has been worked out and not yet stored. Old and item are nil where there is none.
type change struct {
	table     *table
	id        string
	old, item attribute.Item
	read      bool // It only checks a condition.
	update    *expression.Update
}

func (c change) store() {
	if !c.read {
		c.table.store(c.old, c.item)
	}
}

// write works a write out against the items as they are. Parse faults come before the condition is looked at.
type write interface {
	prepare(s *Server) (change, error)
}

func (in put) prepare(s *Server) (change, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return change{}, err
	}
	c := change{table: t, item: in.Item}
	if err := t.checkItem(in.Item); err != nil {
		return c, err
	}
	return c, in.guard.hold(&c, in.Item, expression.NewScope(in.ExpressionAttributeNames, in.ExpressionAttributeValues))
}

func (in del) prepare(s *Server) (change, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return change{}, err
	}
	c := change{table: t}
	if err := t.checkKey(in.Key); err != nil {
		return c, err
	}
	return c, in.guard.hold(&c, in.Key, expression.NewScope(in.ExpressionAttributeNames, in.ExpressionAttributeValues))
}

func (in check) prepare(s *Server) (change, error) {
	if in.ConditionExpression == nil {
		return change{}, invalid("A ConditionCheck needs a ConditionExpression")
	}
	c, err := del(in).prepare(s)
	c.read, c.item = true, c.old
	return c, err
}

func (in update) prepare(s *Server) (change, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return change{}, err
	}
	c := change{table: t}
	if err := t.checkKey(in.Key); err != nil {
		return c, err
	}
	scope := expression.NewScope(in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	c.update, err = scope.Update(in.UpdateExpression)
	if err != nil {
		return c, invalidBecause(err)
	}
	for _, name := range c.update.Names() {
		if name == t.Hash.Name || name == t.Range.Name {
			return c, invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of "+
				"the key", name)
		}
	}
	if err := in.guard.hold(&c, in.Key, scope); err != nil {
		return c, err
	}
	before := c.old
	if before == nil {
		before = in.Key
	}
	if c.item, err = c.update.Apply(before); err != nil {
		return c, invalidBecause(err)
	}
	return c, t.checkItem(c.item)
}

// hold finds the item that is there now and refuses the write if the condition does not hold for it.
func (g guard) hold(c *change, key attribute.Item, scope *expression.Scope) error {
	condition, err := scope.Condition("ConditionExpression", g.ConditionExpression)
	if err == nil {
		err = scope.Done()
	}
	if err != nil {
		return invalidBecause(err)
	}
	if err := oneOf("ReturnValuesOnConditionCheckFailure", g.ReturnValuesOnConditionCheckFailure, "ALL_OLD"); err != nil {
		return err
	}
	c.id = c.table.identity(key)
	c.old = c.table.get(key)
	if condition.Holds(c.old) {
		return nil
	}
	failure := &fault{Code: codeConditionFails, Message: "The conditional request failed"}
	if g.ReturnValuesOnConditionCheckFailure == "ALL_OLD" {
		failure.Item = c.old
	}
	return failure
}

// oneOf refuses a value of a parameter that is none of these, NONE or absent.
func oneOf(parameter, value string, allowed ...string) error {
	if value == "" || value == "NONE" || slices.Contains(allowed, value) {
		return nil
	}
	return invalid("Return values set to invalid value: %s is %s, it must be NONE or one of %v", parameter, value, allowed)
}

type written struct {
	Attributes       attribute.Item `json:",omitempty"`
	ConsumedCapacity *capacity      `json:",omitempty"`
}

// single are the parameters of a write that is alone.
type single struct {
	ReturnValues           string
	ReturnConsumedCapacity string
}

type putItemInput struct {
	put
	single
}

func (s *Server) putItem(in putItemInput) (written, error) {
	if err := oneOf("ReturnValues", in.ReturnValues, "ALL_OLD"); err != nil {
		return written{}, err
	}
	return s.write(in.put, in.single)
}

type deleteItemInput struct {
	del
	single
}

func (s *Server) deleteItem(in deleteItemInput) (written, error) {
	if err := oneOf("ReturnValues", in.ReturnValues, "ALL_OLD"); err != nil {
		return written{}, err
	}
	return s.write(in.del, in.single)
}

type updateItemInput struct {
	update
	single
}

func (s *Server) updateItem(in updateItemInput) (written, error) {
	err := oneOf("ReturnValues", in.ReturnValues, "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
	if err != nil {
		return written{}, err
	}
	return s.write(in.update, in.single)
}

func (s *Server) write(w write, asked single) (written, error) {
	var out written
	c, err := w.prepare(s)
	if err != nil {
		return out, err
	}
	out.ConsumedCapacity, err = consumed(asked.ReturnConsumedCapacity, c.table.Name, c.table.writeUnits(c.old, c.item, false))
	if err != nil {
		return out, err
	}
	c.store()
	switch asked.ReturnValues {
	case "ALL_OLD":
		out.Attributes = c.old
	case "ALL_NEW":
		out.Attributes = c.item
	case "UPDATED_OLD":
		out.Attributes = c.update.Touched().Apply(c.old)
	case "UPDATED_NEW":
		out.Attributes = c.update.Touched().Apply(c.item)
	}
	return out, nil
}
