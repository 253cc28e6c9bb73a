package sqs

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"
)

// attribute is a message attribute (API Reference, MessageAttributeValue).
type attribute struct {
	DataType    string
	StringValue *string `json:",omitempty"`
	BinaryValue []byte  `json:",omitempty"`
}

// outgoing is what one message brings, alone or in a batch.
type outgoing struct {
	MessageBody       string
	DelaySeconds      *int64
	MessageAttributes map[string]attribute
	MessageGroupID    *string `json:"MessageGroupId"`
}

type sendMessageInput struct {
	QueueURL string `json:"QueueUrl"`
	outgoing
}

type sent struct {
	MessageID              string `json:"MessageId"`
	MD5OfMessageBody       string
	MD5OfMessageAttributes string `json:",omitempty"`
}

func (s *Server) sendMessage(_ call, in sendMessageInput) (sent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueURL)
	if err != nil {
		return sent{}, err
	}
	return q.send(in.outgoing, time.Now())
}

type sendMessageBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []struct {
		ID string `json:"Id"`
		outgoing
	}
}

type sentEntry struct {
	ID string `json:"Id"`
	sent
}

type batchOutput[Entry any] struct {
	Successful []Entry      `json:",omitempty"`
	Failed     []entryError `json:",omitempty"`
}

func (s *Server) sendMessageBatch(_ call, in sendMessageBatchInput) (batchOutput[sentEntry], error) {
	var out batchOutput[sentEntry]
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueURL)
	if err != nil {
		return out, err
	}
	var ids []string
	total := 0
	for _, entry := range in.Entries {
		ids = append(ids, entry.ID)
		total += entry.size()
	}
	if err := checkEntries(ids); err != nil {
		return out, err
	}
	if total > MaxMessageBytes {
		return out, fail("BatchRequestTooLong",
			"Batch requests cannot be longer than %d bytes. You have sent %d bytes.", MaxMessageBytes, total)
	}
	now := time.Now()
	for _, entry := range in.Entries {
		if done, err := q.send(entry.outgoing, now); err != nil {
			out.Failed = append(out.Failed, failedEntry(entry.ID, err))
		} else {
			out.Successful = append(out.Successful, sentEntry{entry.ID, done})
		}
	}
	return out, nil
}

// send checks and stores one message.
func (q *queue) send(o outgoing, now time.Time) (sent, error) {
	if o.MessageBody == "" {
		return sent{}, missing("MessageBody")
	}
	if o.size() > q.MaxMessageBytes {
		return sent{}, invalidValue("One or more parameters are invalid. Reason: Message must be shorter than %d bytes; "+
			"it has %d.", q.MaxMessageBytes, o.size())
	}
	if err := checkText(o.MessageBody); err != nil {
		return sent{}, err
	}
	if err := checkAttributes(o.MessageAttributes); err != nil {
		return sent{}, err
	}
	if err := checkGroup(o.MessageGroupID); err != nil {
		return sent{}, err
	}
	delay, err := whole("DelaySeconds", o.DelaySeconds, q.Delay, MaxDelay)
	if err != nil {
		return sent{}, err
	}
	group := ""
	if o.MessageGroupID != nil {
		group = *o.MessageGroupID
	}
	m := &message{
		id:            rand.Text(),
		body:          o.MessageBody,
		bodyMD5:       md5Of(o.MessageBody),
		attributes:    o.MessageAttributes,
		attributesMD5: md5OfAttributes(o.MessageAttributes),
		group:         group,
		sent:          now,
	}
	q.catchUp(now)
	q.add(m, now.Add(delay), now)
	return sent{m.id, m.bodyMD5, m.attributesMD5}, nil
}

// size counts the body and each attribute's name, type and value (API Reference, SendMessage).
func (o outgoing) size() int {
	n := len(o.MessageBody)
	for name, a := range o.MessageAttributes {
		n += len(name) + len(a.DataType) + len(a.BinaryValue)
		if a.StringValue != nil {
			n += len(*a.StringValue)
		}
	}
	return n
}

func checkAttributes(attributes map[string]attribute) error {
	if len(attributes) > MaxAttributes {
		return invalidValue("Number of message attributes [%d] exceeds the allowed maximum [%d].",
			len(attributes), MaxAttributes)
	}
	for name, a := range attributes {
		kind, _, _ := strings.Cut(a.DataType, ".")
		switch {
		case name == "":
			return invalidValue("A message attribute has no name.")
		case kind == "Binary" && len(a.BinaryValue) > 0 && a.StringValue == nil:
		case (kind == "String" || kind == "Number") && a.StringValue != nil && *a.StringValue != "" && a.BinaryValue == nil:
			if err := checkText(*a.StringValue); err != nil {
				return err
			}
		default:
			return invalidValue("The message attribute '%s' must have a DataType of String, Number or Binary and a value "+
				"of that kind that is not empty.", name)
		}
	}
	return nil
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes digests the attributes by name, each as length-prefixed name, type and value with a byte for the kind of
// value (Developer Guide, "Calculating the MD5 message digest for message attributes"). It is empty when there are none.
func md5OfAttributes(attributes map[string]attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	const stringValue, binaryValue = 1, 2
	digest := md5.New()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		writeSized(digest, []byte(name))
		writeSized(digest, []byte(a.DataType))
		if a.StringValue != nil {
			digest.Write([]byte{stringValue})
			writeSized(digest, []byte(*a.StringValue))
		} else {
			digest.Write([]byte{binaryValue})
			writeSized(digest, a.BinaryValue)
		}
	}
	return hex.EncodeToString(digest.Sum(nil))
}

func writeSized(digest hash.Hash, part []byte) {
	digest.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
	digest.Write(part)
}
