package dynamostore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// The attributes that are part of a key of the table or of its index.
const (
	attrPK       = "pk"
	attrSK       = "sk"
	attrDueShard = "due_shard"
	attrDueAt    = "due_at"
	indexDue     = "due"
)

// Limits of DynamoDB (API reference: BatchWriteItem, BatchGetItem).
const (
	maxBatchWrite = 25
	maxBatchGet   = 100
)

const (
	// dueShards spreads the index over partitions. A tick queries each.
	dueShards = 4
	// messageShards spreads a campaign's messages: one partition takes 1,000 writes a second.
	messageShards = 16
)

type key struct{ pk, sk string }

func (k key) attributes() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{attrPK: text(k.pk), attrSK: text(k.sk)}
}

const (
	campaignPrefix = "CAMPAIGN#"
	batchPrefix    = "BATCH#"
	campaignSK     = "CAMPAIGN"
	campaignsPK    = "CAMPAIGNS"
)

func campaignKey(id string) key { return key{campaignPrefix + id, campaignSK} }

// listKey is of the entry that lists the campaign. Ids sort by time.
func listKey(id string) key { return key{campaignsPK, id} }

func batchKey(k campaign.BatchKey) key { return key{campaignPrefix + k.Campaign, batchSK(k.Number)} }

func batchSK(number int) string { return fmt.Sprintf("%s%08d", batchPrefix, number) }

// pageKey is of a page of the recipient list. A list that came with the campaign is its part 0.
func pageKey(id string, page int) key {
	return key{fmt.Sprintf("%s%s#PART#%04d", campaignPrefix, id, 0), fmt.Sprintf("PAGE#%06d", page)}
}

// messageKey makes "one campaign, one person, one text" a rule of the schema.
func messageKey(id string, to sms.Number) key {
	return key{fmt.Sprintf("MESSAGE#%s#%d", id, shard(to.Digits(), messageShards)), to.Digits()}
}

func paceKey(name string) key { return key{"PACE#" + name, "PACE"} }

func apiKeyKey(hash string) key { return key{"KEY#" + hash, "KEY"} }

// idempotencyKey hashes what the client chose, which may be long or telling.
func idempotencyKey(chosen string) key {
	sum := sha256.Sum256([]byte(chosen))
	return key{"IDEMPOTENCY#" + hex.EncodeToString(sum[:]), "IDEMPOTENCY"}
}

// due shards: campaigns and batches are looked for apart, at different instants.
func campaignShard(id string) string { return fmt.Sprintf("CAMPAIGN#%d", shard(id, dueShards)) }
func batchShard(id string) string    { return fmt.Sprintf("BATCH#%d", shard(id, dueShards)) }

func shard(s string, n uint32) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32() % n
}
