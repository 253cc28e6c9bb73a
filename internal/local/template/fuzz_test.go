package template_test

import (
	"bytes"
	"os"
	"testing"

	"sluice/internal/local/template"
)

// FuzzRead: whatever the template, Read returns, with a description or an error and never both.
func FuzzRead(f *testing.F) {
	project, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(project)
	f.Add([]byte(small))
	f.Add([]byte("Resources: {F: {Type: AWS::Serverless::Function, Properties: {Events: {E: !Ref F}}}}"))
	f.Add([]byte("Conditions: {A: !Not [!Condition A]}\nResources: {Q: {Type: AWS::SQS::Queue, Condition: A}}"))
	f.Add([]byte("a: !Sub [x, {y: !GetAtt z}]\nb: &c !If\n- *c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := template.Read(bytes.NewReader(text), options())
		if (got == nil) == (err == nil) {
			t.Fatalf("template %v, error %v", got, err)
		}
		if got == nil {
			return
		}
		for _, function := range got.Functions {
			if function.Name == "" || function.Timeout <= 0 || function.Environment == nil {
				t.Errorf("accepted %+v", function)
			}
		}
	})
}
