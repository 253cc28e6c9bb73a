package dynamostore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/campaign/campaigntest"
	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	"sluice/internal/recipients"
)

// librarian counts the reads of pages and of indexes, each of which takes a while. It may be used concurrently.
type librarian struct {
	next http.RoundTripper
	took time.Duration
	// lost is a key of which the first so many reads fail.
	lost     string
	failures int

	mu    sync.Mutex
	reads map[string]int
}

func (l *librarian) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct{ Key map[string]struct{ S string } }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	pk := in.Key["pk"].S
	if !strings.HasPrefix(pk, "PAGE#") && !strings.HasPrefix(pk, "INDEX#") {
		return l.next.RoundTrip(r)
	}
	select {
	case <-time.After(l.took):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if l.note(pk) {
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Request: r, Body: io.NopCloser(
			strings.NewReader(`{"__type":"com.amazonaws.dynamodb.v20120810#AccessDeniedException"}`))}, nil
	}
	return l.next.RoundTrip(r)
}

// note counts a read, and says whether it fails.
func (l *librarian) note(pk string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reads == nil {
		l.reads = make(map[string]int)
	}
	l.reads[pk]++
	return strings.HasSuffix(pk, l.lost) && l.reads[pk] <= l.failures
}

// pages are how often each page was read, by its number, and the index under -1.
func (l *librarian) pages(t *testing.T) map[int]int {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	found := make(map[int]int)
	for pk, n := range l.reads {
		page := -1
		if at := strings.LastIndexByte(pk, '#'); strings.HasPrefix(pk, "PAGE#") {
			if _, err := fmt.Sscanf(pk[at+1:], "%06d", &page); err != nil {
				t.Fatal(err)
			}
		}
		found[page] += n
	}
	return found
}

const readingTook = 50 * time.Millisecond

// reader stores a list of n, sealed or as it came, and opens a store that has read none of it.
func reader(t *testing.T, l *librarian, n int, sealed bool) (*dynamostore.Store, recipients.List) {
	t.Helper()
	table := inprocess.Transport(embedded(t))
	s := dynamostore.New(client("http://dynamodb.local", table), tableName)
	c := campaign.Campaign{
		ID: campaignID, Sender: "Sluice", Text: "?", BatchSize: 100, Status: campaign.Draft, Recipients: n, Epoch: 1, Segments: 1,
	}
	u := recipients.UploadOf(campaigntest.Numbers(n))
	if sealed {
		u.Part.Digest = "campaign"
	} else {
		c.Status, c.NextDue = campaign.Running, campaigntest.Start
	}
	if err := s.Create(t.Context(), c, u, nil); err != nil {
		t.Fatal(err)
	}
	if sealed {
		seal(t, s, c)
	}
	l.next, l.took = table, readingTook
	return dynamostore.New(client("http://dynamodb.local", l), tableName), recipients.List{Campaign: campaignID, Indexed: sealed}
}

func seal(t testing.TB, s *dynamostore.Store, c campaign.Campaign) campaign.Campaign {
	t.Helper()
	list, err := campaign.Seal(t.Context(), s, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	after := c
	after.Status, after.Epoch, after.Indexed, after.Recipients = campaign.Running, c.Epoch+1, true, list.Index.Len()
	after.Duplicates = list.Duplicates
	if err := s.Seal(t.Context(), c, after, list.Index, time.Time{}); err != nil {
		t.Fatal(err)
	}
	return after
}

// send reads [from, to) as a sender does, chunk by chunk, one a second, and returns for how many of them it waited.
func send(ctx context.Context, s *dynamostore.Store, l recipients.List, from, to, chunk int) (waits int, err error) {
	for ; from < to; from += chunk {
		begun := time.Now()
		some, err := s.Recipients(ctx, l, from, min(from+chunk, to), to)
		if err != nil {
			return waits, err
		}
		if want := min(chunk, to-from); len(some) != want {
			return waits, fmt.Errorf("%d of %d were read", len(some), want)
		}
		if time.Since(begun) > 0 {
			waits++
		}
		time.Sleep(time.Second)
	}
	return waits, nil
}

func TestASenderWaitsForNoPageButTheFirst(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		for _, chunk := range []int{1, 30, 100, 333} {
			t.Run(fmt.Sprintf("sealed %t, chunks of %d", sealed, chunk), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := &librarian{}
					s, list := reader(t, l, 4321, sealed)
					waits, err := send(t.Context(), s, list, 700, 4100, chunk)
					if err != nil || waits != 1 {
						t.Errorf("it waited for %d chunks, %v; want 1", waits, err)
					}
					want := map[int]int{0: 1, 1: 1, 2: 1, 3: 1, 4: 1}
					if sealed {
						want[-1] = 1
					}
					if got := l.pages(t); !maps.Equal(got, want) {
						t.Errorf("pages were read %v times, want %v", got, want)
					}
				})
			})
		}
	}
}

func TestABatchReadsNoPageBehindItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &librarian{}
		s, list := reader(t, l, 3000, true)
		for _, window := range [][2]int{{900, 1000}, {500, 990}} {
			if _, err := send(t.Context(), s, list, window[0], window[1], 50); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := l.pages(t), map[int]int{-1: 1, 0: 1}; !maps.Equal(got, want) {
			t.Errorf("pages were read %v times, want %v", got, want)
		}
	})
}

// What reads ahead need not succeed: who wants the page reads it then.
func TestAFaultInReadingAheadIsNobodysFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &librarian{lost: "#000001", failures: 1}
		s, list := reader(t, l, 2000, true)
		waits, err := send(t.Context(), s, list, 800, 1200, 200)
		if err != nil || waits != 2 {
			t.Errorf("it waited for %d chunks, %v; want 2", waits, err)
		}
		if got := l.pages(t)[1]; got != 2 {
			t.Errorf("the page was read %d times, want 2", got)
		}
	})
}

// The reading is begun by one sender, whose invocation ends, and joined by another.
func TestWhoJoinsAReadingDoesNotEndWithWhoBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &librarian{}
		s, list := reader(t, l, 2000, false)
		first, end := context.WithCancel(t.Context())
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := s.Recipients(first, list, 0, 10, 10); !errors.Is(err, context.Canceled) {
				t.Errorf("the first ends with %v", err)
			}
		})
		synctest.Wait()
		both.Go(func() {
			some, err := s.Recipients(t.Context(), list, 0, 10, 10)
			if err != nil || len(some) != 10 {
				t.Errorf("the second has %d, %v", len(some), err)
			}
		})
		synctest.Wait()
		end()
		both.Wait()
	})
}

// A process keeps what it has room for: 32 pages, and 8 MB.
func TestPagesAreKeptWithinBounds(t *testing.T) {
	for name, c := range map[string]struct{ pages, rows, value, kept int }{
		"small pages": {pages: 40, rows: 1, value: 10, kept: 32},
		"large pages": {pages: 12, rows: 1, value: 1 << 20, kept: 7},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &librarian{}
				list := library(t, l, c.pages, c.rows, c.value)
				s := dynamostore.New(client("http://dynamodb.local", l), tableName)
				for _, page := range append(upTo(c.pages), c.pages-c.kept, c.pages-c.kept-1) {
					if _, err := s.Recipients(t.Context(), list, page*c.rows, (page+1)*c.rows, 0); err != nil {
						t.Fatal(err)
					}
				}
				got := l.pages(t)
				if got[c.pages-c.kept] != 1 || got[c.pages-c.kept-1] != 2 {
					t.Errorf("pages were read %v times, of which %d are kept", got, c.kept)
				}
			})
		})
	}
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// library stores a list in so many pages.
func library(t *testing.T, l *librarian, pages, rows, value int) recipients.List {
	t.Helper()
	l.next, l.took = inprocess.Transport(embedded(t)), readingTook
	u := recipients.Upload{}
	for some := range slices.Chunk(campaigntest.Numbers(pages*rows), rows) {
		page := recipients.Page{}
		for _, n := range some {
			page.Recipients = append(page.Recipients, recipients.Recipient{Number: n, Values: []string{strings.Repeat("x", value)}})
			page.Entries = append(page.Entries, recipients.Entry{Number: n, Segments: 1, Plain: 1})
		}
		u.Pages, u.Part.Pages = append(u.Pages, page), append(u.Part.Pages, rows)
	}
	c := campaign.Campaign{
		ID: campaignID, Sender: "Sluice", Text: "?", BatchSize: 1, Status: campaign.Running, Recipients: pages * rows, Indexed: true,
	}
	s := dynamostore.New(client("http://dynamodb.local", l.next), tableName)
	if err := s.Create(t.Context(), c, u, nil); err != nil {
		t.Fatal(err)
	}
	return c.List()
}
