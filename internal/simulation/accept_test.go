package simulation_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/simulation"
)

func TestGoodInputAtItsEdgesIsTaken(t *testing.T) {
	longest := strings.Repeat("é", 3200)
	for name, row := range map[string]struct {
		change simulation.JSON
		// What the provider is sent.
		from, to, text string
	}{
		"a plus":                      {simulation.JSON{"recipients": []string{"+447700900777"}}, "447700900000", "447700900777", ""},
		"no plus":                     {simulation.JSON{"recipients": []string{"447700900777"}}, "447700900000", "447700900777", ""},
		"separators":                  {simulation.JSON{"recipients": []string{" +44 (7700) 900-777 "}}, "447700900000", "447700900777", ""},
		"no-break spaces":             {simulation.JSON{"recipients": []string{"+44\u00a07700\u00a0900\u202f777"}}, "447700900000", "447700900777", ""},
		"the shortest number":         {simulation.JSON{"recipients": []string{"2901234"}}, "447700900000", "2901234", ""},
		"an emoji":                    {simulation.JSON{"message_string": "Hi 👋🏽"}, "447700900000", "", "Hi 👋🏽"},
		"line breaks and tabs":        {simulation.JSON{"message_string": "Hi,\r\n\tyou"}, "447700900000", "", "Hi,\r\n\tyou"},
		"quotes and markup":           {simulation.JSON{"message_string": `"<b>&amp;\n</b>"`}, "447700900000", "", `"<b>&amp;\n</b>"`},
		"the longest text":            {simulation.JSON{"message_string": longest}, "447700900000", "", longest},
		"a name as sender":            {simulation.JSON{"sender": "Big Shop 24"}, "Big Shop 24", "", ""},
		"a sender with separators":    {simulation.JSON{"sender": "+44 7700 900000"}, "447700900000", "", ""},
		"a short code":                {simulation.JSON{"sender": "60777"}, "60777", "", ""},
		"batch_size over the list":    {simulation.JSON{"batch_size": 1_000_000_000}, "447700900000", "", ""},
		"batch_size as 3.0":           {simulation.JSON{"batch_size": json.RawMessage("3.0")}, "447700900000", "", ""},
		"delay_period as 6e1":         {simulation.JSON{"delay_period": json.RawMessage("6e1")}, "447700900000", "", ""},
		"delay_period 0":              {simulation.JSON{"delay_period": 0}, "447700900000", "", ""},
		"delay_period 30 days":        {simulation.JSON{"delay_period": 30 * 86400}, "447700900000", "", ""},
		"null for what is optional":   {simulation.JSON{"name": nil, "start_at": nil, "draft": nil}, "447700900000", "", ""},
		"a start just now":            {simulation.JSON{"start_at": "1999-12-31T23:59:30Z"}, "447700900000", "", ""},
		"a name with other alphabets": {simulation.JSON{"name": "Весна 春"}, "447700900000", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
				body := simulation.Tutorial(1, 3, 60)
				for field, value := range row.change {
					body[field] = value
				}
				c := w.Create(body)
				w.Until(c.ID, "completed", time.Minute)
				w.Check(c.ID)
				e := w.Vonage.Ledger()[0]
				if e.From != row.from || row.to != "" && e.To != row.to || row.text != "" && e.Text != row.text {
					t.Errorf("sent %q to %q from %q", e.Text, e.To, e.From)
				}
			})
		})
	}
}

func TestABodyNeedNotSayThatItIsJSON(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		for _, kind := range []string{"", "application/json", "Application/JSON ; Charset=\"UTF-8\""} {
			w.Create(simulation.Tutorial(1, 1, 0), "Content-Type", kind)
		}
	})
}

func TestStartAtWithAnOffsetIsTheSameInstant(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := simulation.Tutorial(2, 1, 60)
		body["start_at"] = "2000-01-02T09:00:00.5+05:30"
		start := time.Date(2000, 1, 2, 3, 30, 0, 500_000_000, time.UTC)
		c := w.Create(body)
		if !c.WaitingFor.Until.Equal(start) {
			t.Errorf("waits until %v, want %v", c.WaitingFor.Until, start)
		}
		w.Until(c.ID, "completed", 48*time.Hour)
		if first := w.Vonage.Ledger()[0].At; !first.Equal(start) {
			t.Errorf("started at %v, want %v", first, start)
		}
	})
}

// An answer to a POST says what the next GET says, to the digit, and in UTC.
func TestACampaignIsDescribedTheSameWhenMadeAndWhenRead(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		time.Sleep(123_456_789 * time.Nanosecond)
		body := simulation.Tutorial(2, 1, 60)
		body["name"], body["start_at"] = "spring", "2000-01-01T12:00:00.123456789+01:00"
		_, made := w.Do(http.MethodPost, "/campaigns", body)
		var c simulation.Campaign
		if err := json.Unmarshal(made, &c); err != nil {
			t.Fatal(err)
		}
		if _, read := w.Do(http.MethodGet, "/campaigns/"+c.ID, nil); string(read) != string(made) {
			t.Errorf("made:\n%s\nread:\n%s", made, read)
		}
	})
}

// pages walks a list to its end, and returns what is in it by the given field, and the sizes of its pages.
func pages(t *testing.T, w *simulation.World, path, list, field string, limit int) (rows []string, sizes []int) {
	t.Helper()
	for after := ""; len(sizes) < 20; {
		page := simulation.Call[map[string]json.RawMessage](w, http.StatusOK, http.MethodGet, fmt.Sprintf("%s?limit=%d%s", path, limit, after), nil)
		var items []map[string]any
		if err := json.Unmarshal(page[list], &items); err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			rows = append(rows, fmt.Sprint(item[field]))
		}
		sizes = append(sizes, len(items))
		next, ok := page["next"]
		if !ok {
			return rows, sizes
		}
		after = "&after=" + strings.Trim(string(next), `"`)
	}
	t.Fatalf("%s with limit %d has no end", path, limit)
	return nil, nil
}

func TestPagesEndWhereTheListEnds(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		var made []string
		for range 6 {
			time.Sleep(time.Second)
			made = append(made, w.Create(simulation.Tutorial(6, 1, 0)).ID)
		}
		w.Until(made[5], "completed", time.Minute)
		newestFirst := slices.Clone(made)
		slices.Reverse(newestFirst)
		numbers := make([]string, 6)
		for i, n := range simulation.Recipients(6) {
			numbers[i] = strings.TrimPrefix(n, "+")
		}
		of := "/campaigns/" + made[0]
		for _, list := range []struct {
			path, name, field string
			want              []string
		}{
			{"/campaigns", "campaigns", "id", newestFirst},
			{of + "/batches", "batches", "number", []string{"1", "2", "3", "4", "5", "6"}},
			{of + "/messages", "messages", "number", numbers},
		} {
			for limit, wantSizes := range map[int][]int{
				1: {1, 1, 1, 1, 1, 1}, 2: {2, 2, 2}, 3: {3, 3}, 4: {4, 2}, 5: {5, 1}, 6: {6}, 7: {6},
			} {
				rows, sizes := pages(t, w, list.path, list.name, list.field, limit)
				if !slices.Equal(rows, list.want) || !slices.Equal(sizes, wantSizes) {
					t.Errorf("%s with limit %d: pages of %v, want %v; %q, want %q", list.name, limit, sizes, wantSizes, rows, list.want)
				}
			}
		}
	})
}
