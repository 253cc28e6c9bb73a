package dynamostore_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// personal is a part of n recipients with two values each.
func personal(n int) recipients.Upload {
	u := aPart(1, "personal", n)
	random := rand.New(rand.NewPCG(3, 4))
	for p := range u.Pages {
		for i := range u.Pages[p].Recipients {
			number := sms.Number(fmt.Sprintf("447%09d", random.IntN(1e9)))
			u.Pages[p].Recipients[i] = recipients.Recipient{Number: number, Values: []string{
				fmt.Sprint("Given name ", random.IntN(2000)), fmt.Sprintf("%08X", random.Uint32()),
			}}
			u.Pages[p].Entries[i].Number = number
		}
	}
	return u
}

func bare(n int) recipients.Upload {
	u := personal(n)
	for p := range u.Pages {
		for i := range u.Pages[p].Recipients {
			u.Pages[p].Recipients[i].Values = nil
		}
	}
	return u
}

// A list costs what its pages cost: at most a tenth of a write unit for each bare number, and some for each upload.
func TestAListCostsLittle(t *testing.T) {
	for _, c := range []struct {
		name          string
		n             int
		of            func(int) recipients.Upload
		store, change float64 // at most, per recipient
		seal, read    float64
	}{
		{name: "1,000 bare numbers", n: 1000, of: bare, store: 0.012, seal: 0.02, read: 0.004},
		{name: "20,000 bare numbers", n: 20_000, of: bare, store: 0.0065, seal: 0.0025, read: 0.0025},
		{name: "20,000 with two values each", n: 20_000, of: personal, store: 0.018, seal: 0.006, read: 0.006},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, m := metered(t)
			before := aDraft(t, s)
			u := c.of(c.n)
			spent := func(do func()) (write, read float64) {
				m.write, m.read = 0, 0
				do()
				return m.write / float64(c.n), m.read / float64(c.n)
			}
			stored, _ := spent(func() {
				if _, err := s.PutPart(t.Context(), campaignID, u); err != nil {
					t.Fatal(err)
				}
			})
			again, _ := spent(func() {
				if _, err := s.PutPart(t.Context(), campaignID, u); err != nil {
					t.Fatal(err)
				}
			})
			before.Uploads = 1
			var after campaign.Campaign
			sealWrites, sealReads := spent(func() { after = seal(t, s, before) })
			_, sent := spent(func() {
				for from := 0; from < after.Recipients; from += 100 {
					if _, err := s.Recipients(t.Context(), after.List(), from, min(from+100, after.Recipients), after.Recipients); err != nil {
						t.Fatal(err)
					}
				}
			})
			t.Logf("per recipient: stored %.5f WU, sealed %.5f WU and %.5f RU, read by senders %.5f RU", stored, sealWrites, sealReads, sent)
			if stored > c.store || again != 0 || sealWrites+sealReads > c.seal || sent > c.read {
				t.Errorf("stored %g, again %g, sealed %g and %g, read %g", stored, again, sealWrites, sealReads, sent)
			}
		})
	}
}
