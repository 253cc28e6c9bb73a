package dynamodb

import "time"

// Limits (Developer Guide, "Quotas in Amazon DynamoDB"; API Reference of each operation).
const (
	MaxItemBytes       = 400 << 10
	MaxBatchWrites     = 25
	MaxBatchGets       = 100
	MaxBatchGetBytes   = 16 << 20 // What goes beyond comes back in UnprocessedKeys.
	MaxActions         = 100
	MaxTransactBytes   = 4 << 20
	MaxPageBytes       = 1 << 20
	TokenLife          = 10 * time.Minute // How long a ClientRequestToken is remembered.
	maxRequestBytes    = 32 << 20         // 16 MB of items, with room for base64 and escapes.
	writeUnitBytes     = 1 << 10
	readUnitBytes      = 4 << 10
	transactionalUnits = 2
)
