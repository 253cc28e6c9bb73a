package simulation_test

import (
	"encoding/base64"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"sluice/internal/local"
	"sluice/internal/simulation"
)

// draftPath is the list that the files about lists speak of.
const draftPath = "/campaigns/" + local.SampleDraft + "/recipients"

// uploadSituations say what each file about a recipient list does.
var uploadSituations = map[string]func(*situation){
	"api/upload-recipients.json": func(s *situation) {
		part := decode[struct{ Part, Rows, Accepted, Refused, Duplicates int }](s, s.api(200))
		if part.Part != 2 || part.Rows != 4 || part.Accepted != 2 || part.Refused != 1 || part.Duplicates != 1 {
			s.Errorf("uploaded %+v", part)
		}
		s.hasList(4, 2)
	},
	"api/replace-recipients.json": func(s *situation) {
		part := decode[struct{ Part, Accepted, Refused int }](s, s.api(200))
		if part.Part != 1 || part.Accepted != 2 || part.Refused != 0 {
			s.Errorf("uploaded %+v", part)
		}
		s.hasList(2, 0)
	},
	"api/bad-recipients.json": func(s *situation) {
		s.api(422)
		if s.wrote > 0 {
			s.Errorf("%d writes", s.wrote)
		}
		s.hasList(2, 1)
	},
	"api/list-recipients.json": func(s *situation) {
		list := decode[struct {
			Parts             []struct{ Part int }
			Accepted, Refused int
		}](s, s.api(200))
		if len(list.Parts) != 1 || list.Parts[0].Part != 1 || list.Accepted != 2 || list.Refused != 1 {
			s.Errorf("listed %+v", list)
		}
	},
	"api/list-refused.json": func(s *situation) {
		answer := decode[events.APIGatewayV2HTTPResponse](s, s.answer)
		body := answer.Body
		if answer.IsBase64Encoded {
			text, err := base64.StdEncoding.DecodeString(body)
			if err != nil {
				s.Fatal(err)
			}
			body = string(text)
		}
		if want := "part,row,number,reason\n1,3,07700 90000,is too short for a number in GB\n"; answer.StatusCode != http.StatusOK || body != want {
			s.Errorf("%d %q", answer.StatusCode, body)
		}
	},
	"api/remove-recipients.json": func(s *situation) {
		s.api(204)
		s.hasList(0, 0)
	},
}

// hasList: the draft has so many recipients, and so many rows were refused.
func (s *situation) hasList(accepted, refused int) {
	s.Helper()
	type list struct{ Accepted, Refused int }
	if got := simulation.Call[list](s.World, http.StatusOK, http.MethodGet, draftPath, nil); got != (list{accepted, refused}) {
		s.Errorf("the list is %+v", got)
	}
}
