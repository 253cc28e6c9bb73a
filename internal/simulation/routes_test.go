package simulation_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"sluice/internal/local/template"
	"sluice/internal/simulation"
)

// A route that only one of them knows is either not reached or not told of.
func TestTheTemplateAndTheDocumentHaveTheSameRoutes(t *testing.T) {
	file, err := os.Open("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	described, err := template.Read(file, template.Options{QueueURL: func(name string) string { return "http://queue/" + name }})
	if err != nil {
		t.Fatal(err)
	}
	var wired []string
	for _, f := range described.Functions {
		if f.Name != "api" { // the webhooks are Vonage's to know
			continue
		}
		for _, r := range f.Routes {
			wired = append(wired, r.Method+" "+r.Path)
		}
	}
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		document := simulation.Call[struct {
			Paths map[string]map[string]any
		}](w, http.StatusOK, http.MethodGet, "/openapi.json", nil)
		var told []string
		for path, operations := range document.Paths {
			for method := range operations {
				told = append(told, strings.ToUpper(method)+" "+path)
			}
		}
		slices.Sort(wired)
		slices.Sort(told)
		if len(wired) == 0 || !slices.Equal(wired, told) {
			t.Errorf("template.yaml has %q,\nopenapi.json has %q", wired, told)
		}
	})
}
