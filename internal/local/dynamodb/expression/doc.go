// Package expression reads and evaluates DynamoDB's expressions: conditions, filters, key conditions, updates and
// projections (Developer Guide, "Using expressions in DynamoDB"). It is pure.
//
// A Scope holds the placeholders of one request. Every expression of the request is read in it, so that it can say at the
// end which placeholders none of them used, which is an error too.
//
// Known differences from DynamoDB: error texts are alike but not the same, and limits on the length and the number of
// operators of an expression are not held.
package expression
