package parts_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/internal/cmd/upload/parts"
)

// What is wrong with the whole file is said of its first part, and nothing else of it is sent.
func TestTheFirstPartIsSentBeforeTheOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newServer()
		s.takes = time.Second
		puts := 0
		s.before = func(r *http.Request, _ int) int {
			if r.Method != http.MethodPut {
				return 0
			}
			puts++
			time.Sleep(time.Second) // others would come meanwhile
			return http.StatusUnprocessableEntity
		}
		_, err := upload(t.Context(), s, list(40))
		wantError(t, err, "part 1 (lines 2 to 4): the API refused it (422)")
		if puts != 1 {
			t.Errorf("%d parts were sent", puts)
		}
	})
}

func TestLinesArePutRightOnlyWhereTheyAreNamed(t *testing.T) {
	for reason, want := range map[string]bool{
		"body has a NUL character in line 2: it is no text":                                true,
		"body has a quoted cell that does not end as it should, in line 12, column 3":      true,
		"query.columns names a header for number that the first line does not have":        false,
		"body has no column of phone numbers: call it number in the first line, or say so": false,
	} {
		t.Run(reason, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := newServer()
				_, err := upload(t.Context(), s, list(6), func(u *parts.Uploader) {
					u.Client.HTTP.Transport = refusing(u.Client.HTTP.Transport, "/recipients/2", reason)
				})
				wantError(t, err, "part 2 (lines 5 to 7): the API refused it (422): "+reason)
				if err != nil && strings.Contains(err.Error(), "Lines in that are the part's: add 3 ") != want {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// refusing answers requests to a path with a problem.
func refusing(next http.RoundTripper, path, reason string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, path) {
			return next.RoundTrip(r)
		}
		return inprocessHandler(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprintf(w, `{"status":422,"detail":%q}`, reason)
		}).RoundTrip(r)
	})
}
