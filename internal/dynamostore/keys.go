package dynamostore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"

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
	// oneOffShards are fewer: people write these texts, and each tick queries every shard.
	oneOffShards = 1
	// messageShards spreads a campaign's messages: one partition takes 1,000 writes a second.
	messageShards = 16
	// totalShards and minuteShards keep those who record returns at the same time from waiting for each other: each
	// transaction adds to one of them, and a reader to the sum of all.
	totalShards  = 8
	minuteShards = 4
	// suppressedShards spreads the opt-outs: each text that is sent reads one, and one partition gives 3,000 a second.
	suppressedShards = 64
)

type key struct{ pk, sk string }

func (k key) attributes() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{attrPK: text(k.pk), attrSK: text(k.sk)}
}

const (
	campaignPrefix = "CAMPAIGN#"
	batchPrefix    = "BATCH#"
	partPrefix     = "PART#"
	campaignSK     = "CAMPAIGN"
	campaignsPK    = "CAMPAIGNS"
)

func campaignKey(id string) key { return key{campaignPrefix + id, campaignSK} }

// listKey is of the entry that lists the campaign. Ids sort by time.
func listKey(id string) key { return key{campaignsPK, id} }

func batchKey(k campaign.BatchKey) key { return key{campaignPrefix + k.Campaign, batchSK(k.Number)} }

func batchSK(number int) string { return fmt.Sprintf("%s%08d", batchPrefix, number) }

// stack names what one upload wrote: its pages, and its refused rows. upload is drawn anew for each, so that nothing is
// written over what another wrote, and whoever takes pages away takes nobody else's; it is empty for the list that came with
// a campaign which was launched at once.
type stack struct {
	campaign string
	part     int
	upload   string
}

// pageKey and refusedKey have a partition for each page, so that none is busy.
func (u stack) pageKey(page int) key    { return u.key("PAGE", page) }
func (u stack) refusedKey(page int) key { return u.key("REFUSED", page) }

func (u stack) key(kind string, page int) key {
	return key{fmt.Sprintf("%s#%s#%04d#%s#%06d", kind, u.campaign, u.part, orNone(u.upload), page), kind}
}

func partKey(id string, part int) key { return key{campaignPrefix + id, partSK(part)} }

func partSK(part int) string { return fmt.Sprintf("%s%04d", partPrefix, part) }

// indexKey has a partition of its own too: each sender reads the index, which is large.
func indexKey(id string) key { return key{"INDEX#" + id, "INDEX"} }

// messageKey makes "one campaign, one person, one text" a rule of the schema.
func messageKey(id string, to sms.Number) key {
	return key{messagePK(id, int(shard(to.Digits(), messageShards))), to.Digits()}
}

func messagePK(id string, shard int) string { return fmt.Sprintf("MESSAGE#%s#%d", id, shard) }

// campaignOfMessage reads the id back.
func campaignOfMessage(pk string) string {
	id := strings.TrimPrefix(pk, "MESSAGE#")
	return id[:max(0, strings.LastIndexByte(id, '#'))]
}

// senderKey is of the entry that lists a campaign under what its texts come from.
func senderKey(from sms.Sender, id string) key { return key{senderPrefix + string(from), id} }

const senderPrefix = "SENDER#"

// madeSince is what the ids of campaigns begin with that were made at that instant: no later id sorts before it. Ids are
// ULIDs, of which the first ten characters are the time (https://github.com/ulid/spec).
func madeSince(t time.Time) string {
	var id ulid.ULID
	_ = id.SetTime(min(uint64(max(0, t.UnixMilli())), ulid.MaxTime())) // refuses only what is greater
	return id.String()[:10]
}

// deliveryKey stands beside the message, so that either can be written without the other.
func deliveryKey(id string, to sms.Number) key {
	k := messageKey(id, to)
	k.sk += receiptSuffix
	return k
}

const (
	receiptSuffix = "#RECEIPT"
	totalPrefix   = "RETURNS#"
	minutePrefix  = "MINUTE#"
	minuteFormat  = "2006-01-02T15:04"
)

// totalKey and minuteKey stand under the campaign, but are items of their own: what its senders write is busy enough.
func totalKey(id string, shard int) key {
	return key{campaignPrefix + id, fmt.Sprintf("%s%d", totalPrefix, shard)}
}

func minuteKey(id string, minute time.Time, shard int) key {
	return key{campaignPrefix + id, fmt.Sprintf("%s#%d", minuteSK(minute), shard)}
}

func minuteSK(minute time.Time) string { return minutePrefix + minute.UTC().Format(minuteFormat) }

func replyKey(id string) key { return key{replyPrefix + id, "REPLY"} }

// replyEntryKey is of the entry that lists a reply under its campaign, by time.
func replyEntryKey(p place) key { return key{repliesPrefix + orNone(p.campaign), p.sk()} }

const (
	replyPrefix   = "REPLY#"
	repliesPrefix = "REPLIES#"
	openPrefix    = "OPEN#"
	noName        = "-"
)

func orNone(name string) string {
	if name == "" {
		return noName
	}
	return name
}

func oneOffKey(id string) key { return key{oneOffPrefix + id, "ONEOFF"} }

const oneOffPrefix = "ONEOFF#"

func fragmentsKey(name string) key { return key{"FRAGMENTS#" + name, "FRAGMENTS"} }

func suppressionKey(n sms.Number) key { return key{suppressedPK(suppressedShard(n)), n.Digits()} }

func suppressedPK(shard uint32) string { return fmt.Sprintf("SUPPRESSED#%02d", shard) }

func suppressedShard(n sms.Number) uint32 { return shard(n.Digits(), suppressedShards) }

func paceKey(name string) key { return key{"PACE#" + name, "PACE"} }

func pricesKey() key { return key{"PRICES", "PRICES"} }

func apiKeyKey(hash string) key { return key{"KEY#" + hash, "KEY"} }

// idempotencyKey hashes what the client chose, which may be long or telling.
func idempotencyKey(chosen string) key {
	sum := sha256.Sum256([]byte(chosen))
	return key{"IDEMPOTENCY#" + hex.EncodeToString(sum[:]), "IDEMPOTENCY"}
}

// due shards: campaigns and batches are looked for apart, at different instants.
func campaignShard(id string) string { return fmt.Sprintf("CAMPAIGN#%d", shard(id, dueShards)) }
func batchShard(id string) string    { return fmt.Sprintf("BATCH#%d", shard(id, dueShards)) }

func oneOffShard(id string) string { return fmt.Sprintf("%s%d", oneOffPrefix, shard(id, oneOffShards)) }

// An open reply is in the due index twice: the reply itself among those of its campaign, its entry among all.
func openShard(campaign string) string { return openPrefix + orNone(campaign) }
func openShardOfAll(id string) string  { return fmt.Sprintf("%s%d", openPrefix, shard(id, dueShards)) }

func shard(s string, n uint32) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32() % n
}
