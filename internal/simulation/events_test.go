package simulation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sluice/internal/local"
	"sluice/internal/simulation"
)

const eventsDir = "../../events"

// situation is a world that holds the sample campaign, and the answer to an event in it.
type situation struct {
	*testing.T
	*simulation.World
	answer []byte
	wrote  int
}

// situations say what each file under events/ does.
var situations = map[string]func(*situation){
	"api/create-campaign.json": func(s *situation) {
		c := decode[simulation.Campaign](s, s.api(201))
		if c.Status != "running" || c.Recipients != 2 {
			s.Errorf("created %+v", c)
		}
		if c = s.Until(c.ID, "completed", time.Minute); c.Counts.Accepted != 2 {
			s.Errorf("ended %+v", c)
		}
		s.Check(c.ID)
	},
	"api/create-draft.json": func(s *situation) {
		c := decode[simulation.Campaign](s, s.api(201))
		time.Sleep(time.Hour)
		if c = s.Get(c.ID); c.Status != "draft" || c.Counts.ToSend != 2 {
			s.Errorf("a draft is %+v", c)
		}
	},
	"api/bad-campaign.json": func(s *situation) {
		p := problemIn(s.T, simulation.Answer{Status: 422, Body: s.api(422)})
		want := []string{"batch_size", "batchsize", "delay_period", "message_string", "sender", "recipients/2"}
		if got := p.places(); !slices.Equal(got, want) || s.wrote > 0 {
			s.Errorf("named %q, want %q; %d writes", got, want, s.wrote)
		}
	},
	"api/unauthorized.json": func(s *situation) {
		s.api(401)
		if s.wrote > 0 {
			s.Errorf("%d writes", s.wrote)
		}
	},
	"api/get-campaign.json": func(s *situation) {
		if c := decode[simulation.Campaign](s, s.api(200)); c.ID != local.SampleID || c.Batches.Released != 1 || c.Recipients != 7 {
			s.Errorf("got %+v", c)
		}
	},
	"api/list-campaigns.json": func(s *situation) {
		list := decode[struct{ Campaigns []simulation.Campaign }](s, s.api(200)).Campaigns
		if len(list) != 2 || list[0].ID != local.SampleDraft || list[1].ID != local.SampleID {
			s.Errorf("listed %+v", list)
		}
	},
	"api/list-batches.json": func(s *situation) {
		list := decode[struct {
			Batches []struct{ Number, Recipients int }
		}](s, s.api(200)).Batches
		if len(list) != 1 || list[0].Number != 1 || list[0].Recipients != 3 {
			s.Errorf("listed %+v", list)
		}
	},
	"api/list-messages.json": func(s *situation) {
		page := decode[struct {
			Messages []struct{ Number, Status string }
			Next     string
		}](s, s.api(200))
		if len(page.Messages) != 3 || page.Messages[0].Status != "pending" || page.Next != "3" {
			s.Errorf("listed %+v", page)
		}
	},
	"api/pause-campaign.json": func(s *situation) {
		c := decode[simulation.Campaign](s, s.api(200))
		time.Sleep(3 * time.Hour)
		if n := len(s.Vonage.Ledger()); c.Status != "paused" || n > 0 {
			s.Errorf("%d texts left of a campaign that is %s", n, c.Status)
		}
	},
	"api/cancel-campaign.json": func(s *situation) {
		if c := decode[simulation.Campaign](s, s.api(200)); c.Status != "cancelled" || c.Counts.Skipped != 7 {
			s.Errorf("cancelled %+v", c)
		}
	},
	"api/repace-campaign.json": func(s *situation) {
		if c := decode[simulation.Campaign](s, s.api(200)); c.Batches.Total != 7 || c.Batches.Released != 1 {
			s.Errorf("repaced %+v", c)
		}
	},
	"api/get-pace.json": func(s *situation) {
		limit := decode[struct {
			PerSecond float64 `json:"per_second"`
			Rate      float64
		}](s, s.api(200))
		if limit.PerSecond != 30 || limit.Rate != 28.8 || s.wrote > 0 {
			s.Errorf("got %+v; %d writes", limit, s.wrote)
		}
	},
	"api/set-pace.json": func(s *situation) {
		s.api(200)
		c := s.Create(simulation.Tutorial(6, 6, 0))
		s.Until(c.ID, "completed", time.Minute)
		at := ofCampaign(s.Vonage.Ledger(), c.ID)
		if took := at[5].Sub(at[0]); took < time.Second {
			s.Errorf("six texts of a sender of three segments a second left within %v", took)
		}
	},
	"api/retry-unsent-message.json": func(s *situation) {
		s.api(404)
		if s.wrote > 0 {
			s.Errorf("%d writes", s.wrote)
		}
	},
	"api/resume-running-campaign.json": func(s *situation) {
		s.api(409)
		if s.wrote > 0 {
			s.Errorf("%d writes", s.wrote)
		}
	},
	"api/healthz.json": func(s *situation) {
		if status := decode[struct{ Status string }](s, s.api(200)).Status; status != "ok" {
			s.Errorf("status %q", status)
		}
	},
	"api/openapi.json": func(s *situation) {
		if version := decode[struct{ OpenAPI string }](s, s.api(200)).OpenAPI; !strings.HasPrefix(version, "3.1.") {
			s.Errorf("OpenAPI %q", version)
		}
	},
	// The sample's batch was never queued, as after a crash: the tick, a minute later, queues it.
	"dispatcher/tick.json": func(s *situation) {
		time.Sleep(5 * time.Second)
		if c := s.Get(local.SampleID); string(s.answer) != "null" || c.Counts.Accepted != 3 || c.Batches.Done != 1 {
			s.Errorf("answered %s, and the campaign is %+v", s.answer, c)
		}
	},
	"sender/one-batch.json": func(s *situation) {
		s.failures()
		var to []string
		for _, e := range s.Vonage.Ledger() {
			to = append(to, e.To)
			if e.ClientRef != local.SampleID || e.Text != "Hello, World!" || e.From != "447700900000" {
				s.Errorf("sent %+v", e)
			}
		}
		slices.Sort(to)
		if want := []string{"447700900001", "447700900002", "447700900003"}; !slices.Equal(to, want) {
			s.Errorf("sent to %q, want %q", to, want)
		}
	},
	"sender/unknown-campaign.json": func(s *situation) { s.failures("19dd0b57-b21e-4ac1-bd88-01bbb068cb78") },
	"sender/unreadable.json":       func(s *situation) { s.failures("19dd0b57-b21e-4ac1-bd88-01bbb068cb78") },
}

// api returns the body of the HTTP response, which must have this status.
func (s *situation) api(status int) []byte {
	s.Helper()
	response := decode[events.APIGatewayV2HTTPResponse](s, s.answer)
	if response.StatusCode != status {
		s.Fatalf("answered %d, want %d: %s", response.StatusCode, status, response.Body)
	}
	return []byte(response.Body)
}

// failures: exactly these messages are to come again.
func (s *situation) failures(want ...string) {
	s.Helper()
	var got []string
	for _, f := range decode[events.SQSEventResponse](s, s.answer).BatchItemFailures {
		got = append(got, f.ItemIdentifier)
	}
	if !slices.Equal(got, want) {
		s.Errorf("failed %q, want %q", got, want)
	}
	if len(want) > 0 && len(s.Vonage.Ledger()) > 0 {
		s.Error("something was sent")
	}
}

func decode[T any](s *situation, body []byte) T {
	s.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		s.Fatalf("%v: %s", err, body)
	}
	return v
}

func TestEveryFileUnderEventsDrivesItsFunction(t *testing.T) {
	files := eventFiles(t)
	all := maps.Clone(situations)
	maps.Copy(all, returnsSituations)
	maps.Copy(all, uploadSituations)
	maps.Copy(all, reportSituations)
	for name := range all {
		if !slices.Contains(files, name) {
			t.Errorf("there is no events/%s", name)
		}
	}
	for _, name := range files {
		check, ok := all[name]
		if !ok {
			t.Errorf("no test knows events/%s", name)
			continue
		}
		t.Run(name, func(t *testing.T) { drive(t, name, check) })
	}
}

func drive(t *testing.T, name string, check func(*situation)) {
	event, err := os.ReadFile(filepath.Join(eventsDir, name))
	if err != nil {
		t.Fatal(err)
	}
	function, _, _ := strings.Cut(name, "/")
	isEventOf(t, function, event)
	// The platform's own ticks would do the dispatcher's work for it.
	o := simulation.Options{Tick: func(int) bool { return function != "dispatcher" }}
	if function == "webhook" {
		o.Clock = func(function string) func() time.Time {
			if function == "webhook" {
				return func() time.Time { return signedAt }
			}
			return time.Now
		}
	}
	simulation.Run(t, o, func(w *simulation.World) {
		ctx := context.Background()
		if err := w.Store.AddKey(ctx, "local", "local", time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := local.StoreSample(ctx, w.Store, time.Now()); err != nil {
			t.Fatal(err)
		}
		if function == "dispatcher" {
			time.Sleep(61 * time.Second)
		}
		before := w.Writes()
		answer, err := w.Invoke(function, event)
		if err != nil {
			t.Fatal(err)
		}
		check(&situation{T: t, World: w, answer: answer, wrote: w.Writes() - before})
	})
}

// isEventOf holds a file to the form of its trigger's events: a slip in a name would be an empty value.
func isEventOf(t *testing.T, function string, event []byte) {
	t.Helper()
	var form any
	switch function {
	case "api", "webhook":
		form = &events.APIGatewayV2HTTPRequest{}
	case "sender", "recorder", "courier":
		form = &events.SQSEvent{}
	case "dispatcher":
		form = &events.EventBridgeEvent{}
	default:
		t.Fatalf("there is no function %s", function)
	}
	decoder := json.NewDecoder(bytes.NewReader(event))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(form); err != nil {
		t.Fatal(err)
	}
}

func eventFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(eventsDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(eventsDir, path)
		files = append(files, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
