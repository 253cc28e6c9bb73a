package parts_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/cmd/upload/parts"
)

func TestAFileArrivesOnceWithItsLines(t *testing.T) {
	for name, plain := range map[string]bool{"packed": false, "plain": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := newServer()
				s.takes = time.Second
				var told []parts.Done
				r, err := upload(t.Context(), s, list(40), func(u *parts.Uploader) {
					u.Columns, u.Plain = "number:number,first_name:name", plain
					u.OnPart = func(d parts.Done) { told = append(told, d) }
				})
				must(t, err)
				want := parts.Result{Parts: 14, Sent: 14, Rows: 40, Accepted: 36, Refused: 4}
				if fmt.Sprint(r) != fmt.Sprint(want) || len(told) != 14 || s.puts != 14 || s.most != 4 {
					t.Errorf("got %+v, %d told, %d sent, %d at once, want %+v", r, len(told), s.puts, s.most, want)
				}
				rows := s.rows()
				if len(rows) != 40 || rows[0] != "2:447700900000|Ada, 0" || rows[9] != "11:bad|Ada, 9" || rows[39] != "41:bad|Ada, 39" {
					t.Errorf("stored are %q", rows)
				}
				for number, p := range s.parts {
					if p.packed == plain || p.columns != "number:number,first_name:name" {
						t.Errorf("part %d is packed: %t, its columns are %q", number, p.packed, p.columns)
					}
				}
				var read int64
				for _, d := range told {
					read += d.Read
				}
				if read != int64(len(list(40))) {
					t.Errorf("%d bytes are told, want %d", read, len(list(40)))
				}
			})
		})
	}
}

func TestAFileWithoutAHeaderArrives(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newServer()
		_, err := upload(t.Context(), s, "4477009000\n4477009001\n4477009002\n4477009003\n")
		must(t, err)
		if got, want := s.rows(), []string{"1:4477009000", "2:4477009001", "3:4477009002", "4:4477009003"}; !slices.Equal(got, want) {
			t.Errorf("stored are %q, want %q", got, want)
		}
	})
}

func TestTheSameFileIsNotSentAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newServer()
		first, err := upload(t.Context(), s, list(20))
		must(t, err)
		again, err := upload(t.Context(), s, list(20))
		must(t, err)
		first.Sent = 0
		if fmt.Sprint(again) != fmt.Sprint(first) || s.puts != 7 {
			t.Errorf("got %+v after %d requests to store, want %+v after 7", again, s.puts, first)
		}
	})
}

func TestAnInterruptedUploadGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newServer()
		s.takes = time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer cancel()
		started := time.Now()
		r, err := upload(ctx, s, list(40))
		if took := time.Since(started); !errors.Is(err, context.DeadlineExceeded) || r.Parts < 4 || r.Parts >= 14 || took > 5*time.Second {
			t.Errorf("got %+v, %v, after %v", r, err, took)
		}
		time.Sleep(10 * time.Second) // what was under way takes effect
		there := s.count()
		r, err = upload(t.Context(), s, list(40))
		must(t, err)
		if r.Rows != 40 || r.Parts != 14 || r.Sent != 14-there || len(s.rows()) != 40 {
			t.Errorf("%d parts were there, then %+v and %d rows", there, r, len(s.rows()))
		}
	})
}

func TestFaultsPass(t *testing.T) {
	times := func(status int, which ...int) func(*http.Request, int) int {
		return func(_ *http.Request, n int) int {
			if slices.Contains(which, n) {
				return status
			}
			return 0
		}
	}
	for _, c := range []struct {
		name          string
		before, after func(*http.Request, int) int
	}{
		{"unavailable", times(http.StatusServiceUnavailable, 1, 2, 4, 5, 6, 9), nil},
		{"too many requests", times(http.StatusTooManyRequests, 3, 4, 5, 6, 7, 8), nil},
		{"a lost connection before the effect", times(-1, 3, 4, 8), nil},
		{"a lost answer", nil, times(-1, 2, 3, 4, 7)},
		{"a fault after the effect", nil, times(http.StatusBadGateway, 3, 5, 8)},
		{"a conflict with another upload", func(r *http.Request, n int) int {
			if r.Method == http.MethodPut && n < 8 {
				return http.StatusConflict
			}
			return 0
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := newServer()
				s.before, s.after = c.before, c.after
				waits := 0
				r, err := upload(t.Context(), s, list(20), func(u *parts.Uploader) {
					u.Client.OnWait = func(wait time.Duration, _ string) {
						if waits++; wait <= 0 || wait > 20*time.Second {
							t.Errorf("waited %v", wait)
						}
					}
					u.Parallel = 1
				})
				must(t, err)
				if r.Rows != 20 || len(s.rows()) != 20 || waits < 3 {
					t.Errorf("got %+v and %d rows after %d waits", r, len(s.rows()), waits)
				}
			})
		})
	}
}

func TestAPartThatWasRemovedUnawaresIsRemoved(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newServer()
		_, err := upload(t.Context(), s, list(9))
		must(t, err)
		lost := false
		s.after = func(r *http.Request, _ int) int {
			if r.Method == http.MethodDelete && !lost {
				lost = true
				return -1
			}
			return 0
		}
		r, err := upload(t.Context(), s, list(3), func(u *parts.Uploader) { u.Replace = true })
		must(t, err)
		if !slices.Equal(r.Removed, []int{2, 3}) || len(s.parts) != 1 || !lost {
			t.Errorf("removed are %v, there are %d parts", r.Removed, len(s.parts))
		}
	})
}

func TestWhatDoesNotPassEndsTheUpload(t *testing.T) {
	always := func(status int) func(*http.Request, int) int {
		return func(*http.Request, int) int { return status }
	}
	for _, c := range []struct {
		name   string
		change func(*server, *parts.Uploader)
		file   string
		want   []string
	}{
		{"nobody answers", func(s *server, _ *parts.Uploader) { s.before = always(-1) }, list(3), []string{"nothing answers at " + api}},
		{"it never recovers", func(s *server, _ *parts.Uploader) { s.before = always(503) }, list(3),
			[]string{"gave up after 12 tries", "503 service unavailable"}},
		{"a wrong key", func(_ *server, u *parts.Uploader) { u.Client.Key = "wrong" }, list(3), []string{"look at the campaign", "(401): there is no such key"}},
		{"no campaign", func(_ *server, u *parts.Uploader) { u.Campaign = "C/2" }, list(3), []string{"(404): there is no such campaign"}},
		{"a campaign that was launched", func(s *server, _ *parts.Uploader) { s.status = "running" }, list(3),
			[]string{"the campaign is running: recipients are uploaded while it is a draft"}},
		{"one that is launched meanwhile", func(s *server, _ *parts.Uploader) {
			s.before = func(r *http.Request, _ int) int {
				if r.Method == http.MethodPut {
					s.mu.Lock()
					defer s.mu.Unlock()
					s.status = "running"
				}
				return 0
			}
		}, list(3), []string{"part 1 (lines 2 to 4): the campaign is running"}},
		{"a first part that cannot be read", nil, "number,name\n4477009000,\"a\"b\"\n", []string{
			"part 1 (lines 2 to 2): the API refused it (422): ", "\n  body, row 1 is no CSV\n  body, row 2 is no number"}},
		{"a later part that cannot be read", nil, list(3) + "4477009000,\"a\"b\"\n", []string{
			"part 2 (lines 5 to 5): the API refused it (422): ", "\nLines in that are the part's: add 3 for those of the file"}},
		{"a workbook", nil, "PK\x03\x04", []string{"is a spreadsheet or a zip archive"}},
		{"no rows", nil, "number\n", []string{"the file has no rows"}},
		{"no file", nil, "", []string{"the file has no rows"}},
		{"too many parts", func(_ *server, u *parts.Uploader) { u.First = 998 }, list(7),
			[]string{"from part 998 on, the file has more parts than there are numbers, which end with 999"}},
		{"a redirection", func(s *server, _ *parts.Uploader) { s.before = always(301) }, list(3), []string{"answered 301, to look elsewhere"}},
		{"another kind of server", func(_ *server, u *parts.Uploader) {
			u.Client.HTTP.Transport = answering("<html>")
		}, list(3), []string{"the answer is none of this API's"}},
		{"another version", func(_ *server, u *parts.Uploader) {
			u.Client.HTTP.Transport = answering(`{"status":"draft","digest":"other"}`)
		}, list(3), []string{"part 1 (lines 2 to 4) is stored, but not as this program reads it"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := newServer()
				_, err := upload(t.Context(), s, c.file, func(u *parts.Uploader) {
					if c.change != nil {
						c.change(s, u)
					}
				})
				wantError(t, err, c.want...)
				if err != nil && (strings.Contains(err.Error(), "447700900") || strings.Contains(err.Error(), key)) {
					t.Errorf("the error gives something away: %v", err)
				}
			})
		})
	}
}

func TestWhatIsThereIsNotOverwrittenUnasked(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newServer()
		_, err := upload(t.Context(), s, list(9))
		must(t, err)
		other := strings.ReplaceAll(list(5), "Ada", "Bo")
		_, err = upload(t.Context(), s, other)
		taken, is := errors.AsType[*parts.TakenError](err)
		if !is || taken.Stored.Part != 1 || taken.Free != 4 || s.puts != 3 {
			t.Fatalf("got %v, %+v after %d requests to store", err, taken, s.puts)
		}
		wantError(t, err, "part 1 of the campaign holds something else than this file does there (3 rows); nothing was overwritten")

		added, err := upload(t.Context(), s, other, func(u *parts.Uploader) { u.First = taken.Free })
		must(t, err)
		if added.Sent != 2 || len(s.rows()) != 14 {
			t.Errorf("added %+v, there are %d rows", added, len(s.rows()))
		}
		again, err := upload(t.Context(), s, list(9))
		must(t, err)
		if !slices.Equal(again.Surplus, []int{4, 5}) || len(s.rows()) != 14 {
			t.Errorf("behind the file's end are %v, there are %d rows", again.Surplus, len(s.rows()))
		}
		replaced, err := upload(t.Context(), s, other, func(u *parts.Uploader) { u.Replace = true })
		must(t, err)
		if replaced.Sent != 2 || !slices.Equal(replaced.Removed, []int{3, 4, 5}) || len(s.rows()) != 5 || !strings.Contains(s.rows()[0], "Bo") {
			t.Errorf("replaced %+v, there are %q", replaced, s.rows())
		}
	})
}

func TestColumnsAreReadAnew(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := newServer()
		_, err := upload(t.Context(), s, list(3))
		must(t, err)
		_, err = upload(t.Context(), s, list(3), func(u *parts.Uploader) { u.Columns = "number:name" })
		wantError(t, err, "part 1 of the campaign holds something else")
	})
}

// A retry waits as long as the API asks for, but no longer than a minute.
func TestTheAPISaysWhenToComeBack(t *testing.T) {
	for answer, want := range map[string]time.Duration{"20": 20 * time.Second, "86400": time.Minute, "": 0} {
		t.Run(answer, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, waited := newServer(), time.Duration(0)
				_, err := upload(t.Context(), s, list(1), func(u *parts.Uploader) {
					u.Client.OnWait = func(wait time.Duration, _ string) { waited = wait }
					u.Client.HTTP.Transport = busyOnce(u.Client.HTTP.Transport, answer)
				})
				must(t, err)
				if waited < want || want == 0 && (waited < 250*time.Millisecond || waited > 500*time.Millisecond) {
					t.Errorf("waited %v, want %v", waited, want)
				}
			})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answering(body string) http.RoundTripper {
	return inprocessHandler(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
}

func busyOnce(next http.RoundTripper, after string) http.RoundTripper {
	busy := true
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if !busy {
			return next.RoundTrip(r)
		}
		busy = false
		return inprocessHandler(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(http.StatusTooManyRequests)
		}).RoundTrip(r)
	})
}
