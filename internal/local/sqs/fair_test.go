package sqs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/sqs"
)

// sendAs sends n messages of a group, each with the group's name as its body.
func (f fixture) sendAs(group string, n int, delay int32) {
	f.Helper()
	for range n {
		in := &awssqs.SendMessageInput{QueueUrl: f.url, MessageBody: aws.String("none"), DelaySeconds: delay}
		if group != "" {
			in.MessageBody, in.MessageGroupId = &group, &group
		}
		if _, err := f.client.SendMessage(f.ctx, in); err != nil {
			f.Fatal(err)
		}
	}
}

// take receives up to n messages at once.
func (f fixture) take(n int32) []types.Message {
	f.Helper()
	out, err := f.client.ReceiveMessage(f.ctx, &awssqs.ReceiveMessageInput{QueueUrl: f.url, MaxNumberOfMessages: n})
	if err != nil {
		f.Fatal(err)
	}
	return out.Messages
}

func (f fixture) wantNext(want ...string) {
	f.Helper()
	if got := bodies(f.take(int32(len(want)))); !cmp.Equal(got, want) {
		f.Fatalf("received %q, want %q", got, want)
	}
}

// Each scenario says which groups' messages come next.
func TestTheGroupWithTheFewestInFlightIsNext(t *testing.T) {
	for _, c := range []struct {
		name     string
		scenario func(fixture)
	}{
		{"two messages pass five hundred, as soon as a slot is free", func(f fixture) {
			f.sendAs("large", 500, 0)
			busy := f.take(5)
			f.sendAs("small", 2, 0)
			f.delete(busy[0])
			f.wantNext("small")
			f.delete(busy[1])
			f.wantNext("small")
			f.delete(busy[2])
			f.wantNext("large")
		}},
		{"two messages pass five hundred in a receive of ten", func(f fixture) {
			f.sendAs("large", 500, 0)
			f.take(5)
			f.sendAs("small", 2, 0)
			f.wantNext("small", "small", "large", "large", "large", "large", "large", "large", "large", "large")
		}},
		{"among equals the one that came or was served longest ago", func(f fixture) {
			f.sendAs("a", 6, 0)
			f.sendAs("b", 6, 0)
			f.wantNext("a", "b", "a", "b", "a")
			for _, m := range f.take(3) { // b, a, b
				f.delete(m)
			}
			f.wantNext("b", "a")
		}},
		{"a group that is alone has all", func(f fixture) {
			f.sendAs("a", 12, 0)
			if got := len(f.take(10)) + len(f.take(10)); got != 12 {
				f.Errorf("received %d of 12", got)
			}
		}},
		{"a group whose messages are all delayed holds nobody up", func(f fixture) {
			f.sendAs("delayed", 3, 60)
			f.sendAs("a", 2, 0)
			f.wantNext("a", "a")
			f.wantNone("the rest is delayed")
			time.Sleep(time.Minute) // The others came back before.
			f.wantNext("a", "delayed", "a", "delayed", "delayed")
		}},
		{"a group whose messages are all in flight holds nobody up", func(f fixture) {
			f.sendAs("a", 1, 0)
			f.wantNext("a")
			f.sendAs("b", 3, 0)
			f.wantNext("b", "b", "b")
		}},
		{"what is not deleted counts until its visibility timeout ends", func(f fixture) {
			f.sendAs("a", 3, 0)
			f.take(2)
			time.Sleep(sqs.DefaultVisibilityTimeout - 1)
			f.sendAs("b", 3, 0)
			f.wantNext("b", "b")
			time.Sleep(time.Nanosecond)    // Now only two of b are in flight.
			f.wantNext("a", "a", "b", "a") // Two each then, and b was served before a.
		}},
		{"what is given back does not count", func(f fixture) {
			f.sendAs("a", 3, 0)
			for _, m := range f.take(2) {
				if err := f.setVisibility(m, 0); err != nil {
					f.Fatal(err)
				}
			}
			f.sendAs("b", 1, 0)
			f.wantNext("a", "b", "a")
		}},
		{"what is held for longer still counts", func(f fixture) {
			f.sendAs("a", 2, 0)
			if err := f.setVisibility(f.take(1)[0], 600); err != nil {
				f.Fatal(err)
			}
			time.Sleep(599 * time.Second)
			f.sendAs("b", 1, 0)
			f.wantNext("b")
		}},
		{"what was purged counts no more", func(f fixture) {
			f.sendAs("a", 5, 0)
			f.take(3)
			if _, err := f.client.PurgeQueue(f.ctx, &awssqs.PurgeQueueInput{QueueUrl: f.url}); err != nil {
				f.Fatal(err)
			}
			f.sendAs("a", 1, 0)
			f.sendAs("b", 1, 0)
			f.wantNext("a", "b")
		}},
		{"each message without a group is one of its own", func(f fixture) {
			f.sendAs("a", 3, 0)
			f.wantNext("a")
			f.sendAs("", 3, 0)
			f.sendAs("b", 1, 0)
			f.wantNext("none", "none", "none", "b", "a", "a")
		}},
		{"a group is not starved by ever new ones", func(f fixture) {
			f.sendAs("a", 100, 0)
			waiting, before, served := 0, 0, 0 // new groups that wait, and how many may still go before a
			for i := range 100 {
				f.sendAs(fmt.Sprint("new-", i), 1, 0)
				waiting++
				m := f.take(1)[0]
				f.delete(m)
				if *m.Body == "a" {
					before, served = waiting, served+1
				} else if waiting, before = waiting-1, before-1; before < 0 {
					f.Fatalf("receive %d got %q, which came after a had its last turn", i, *m.Body)
				}
			}
			if served < 10 {
				f.Errorf("a had %d turns of 100", served)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { inBubble(t, c.scenario, sqs.Queue{Name: "q"}) })
	}
}

// Five consumers, each with one message at a time, are first all taken by the group that was there first.
func TestInFlightEvensOutBetweenGroups(t *testing.T) {
	for _, groups := range []int{2, 3, 5} {
		t.Run(fmt.Sprint(groups, " groups"), func(t *testing.T) {
			inBubble(t, func(f fixture) {
				const consumers, rounds = 5, 40
				inFlight := map[string]int{}
				f.sendAs("0", consumers+rounds, 0)
				busy := f.take(consumers)
				inFlight["0"] = consumers
				for g := 1; g < groups; g++ {
					f.sendAs(fmt.Sprint(g), rounds, 0)
				}
				for round := range rounds {
					f.delete(busy[0])
					inFlight[*busy[0].Body]--
					next := f.take(1)[0]
					inFlight[*next.Body]++
					busy = append(busy[1:], next)
					least, most := consumers, 0
					for g := range groups {
						least, most = min(least, inFlight[fmt.Sprint(g)]), max(most, inFlight[fmt.Sprint(g)])
					}
					if round >= consumers && most-least > 1 {
						t.Fatalf("after %d more messages %v are in flight", round+1, inFlight)
					}
				}
			}, sqs.Queue{Name: "q"})
		})
	}
}

func TestMessageGroupID(t *testing.T) {
	const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	for _, c := range []struct {
		name, id string
		isValid  bool
	}{
		{"of one character", "a", true},
		{"of all punctuation", punctuation, true},
		{"of 128 characters", strings.Repeat("Z", 128), true},
		{"of 129 characters", strings.Repeat("Z", 129), false},
		{"of nothing", "", false},
		{"with a space", "tenant 7", false},
		{"with a letter beyond ASCII", "ténant", false},
		{"with a control character", "tenant\x7f", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(f fixture) {
				_, err := f.client.SendMessage(f.ctx, &awssqs.SendMessageInput{
					QueueUrl: f.url, MessageBody: aws.String("m"), MessageGroupId: &c.id,
				})
				entries := batch(1, "m")
				entries[0].MessageGroupId = &c.id
				out, batchErr := f.client.SendMessageBatch(f.ctx, &awssqs.SendMessageBatchInput{QueueUrl: f.url, Entries: entries})
				if batchErr != nil {
					f.Fatal(batchErr)
				}
				if !c.isValid {
					wantCode(f.T, err, "InvalidParameterValue", "for parameter MessageGroupId is invalid")
					if len(out.Failed) != 1 || *out.Failed[0].Code != "InvalidParameterValue" || !out.Failed[0].SenderFault {
						f.Errorf("in a batch: %+v", out.Failed)
					}
					f.wantNone("it was refused")
					return
				}
				if err != nil || len(out.Failed) > 0 {
					f.Fatalf("refused: %v, %+v", err, out.Failed)
				}
				for _, m := range f.receive(0) {
					if got := m.Attributes["MessageGroupId"]; got != c.id {
						f.Errorf("came back as %q", got)
					}
				}
				f.sendAs("another", 1, 0)
				if m := f.take(1)[0]; len(m.Attributes) > 0 {
					f.Errorf("nobody asked for %v", m.Attributes)
				}
			}, sqs.Queue{Name: "q"})
		})
	}
}

func TestADeadLetterKeepsItsGroupAndCountsNoMore(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.sendAs("a", 2, 0)
		f.take(2)
		time.Sleep(sqs.DefaultVisibilityTimeout)
		f.wantNone("both have used up their only receive")
		f.sendAs("a", 1, 0)
		f.sendAs("b", 1, 0)
		f.wantNext("a", "b")
		dead := f.receiveFrom(urlOf("dead"), 0)
		if len(dead) != 2 || dead[0].Attributes["MessageGroupId"] != "a" || dead[1].Attributes["MessageGroupId"] != "a" {
			f.Errorf("dead letters: %+v", dead)
		}
	}, sqs.Queue{Name: "q", DeadLetter: "dead", MaxReceives: 1}, sqs.Queue{Name: "dead"})
}
