package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Stage makes a temporary folder for a platform that differs from the one in dir: its template has each key of edits,
// which must be in it exactly once, replaced by the value, and each function that is a key of programs is the executable
// of that path. The caller removes the folder.
func Stage(dir string, edits, programs map[string]string) (string, error) {
	template, err := os.ReadFile(filepath.Join(dir, "template.yaml"))
	if err != nil {
		return "", fmt.Errorf("read the template: %w", err)
	}
	for from, to := range edits {
		if n := bytes.Count(template, []byte(from)); n != 1 {
			return "", fmt.Errorf("edit the template: %q is in it %d times, must be once", from, n)
		}
		template = bytes.Replace(template, []byte(from), []byte(to), 1)
	}
	staged, err := os.MkdirTemp("", "sluice-stage-")
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	if err := furnish(staged, dir, template, programs); err != nil {
		_ = os.RemoveAll(staged) // the error below is the one to tell
		return "", fmt.Errorf("set the stage: %w", err)
	}
	return staged, nil
}

// Unlimited are edits and parameters for a platform that sends as fast as it can: the highest rate that the functions
// know (internal/app, ACCOUNT_RATE), which is more than the template allows, because no account of Vonage's may send so
// fast.
func Unlimited() (edits, parameters map[string]string) {
	const (
		rate    = "10000"
		allowed = "\n    MaxValue: 1000\n    Description: Requests a second that the Vonage API key may make"
		lifted  = "\n    MaxValue: " + rate + "\n    Description: Requests a second that the Vonage API key may make"
	)
	return map[string]string{allowed: lifted}, map[string]string{"AccountRate": rate, "PaceHeadroom": "0"}
}

// furnish links what was built, so that an executable still tells by its path which one it is.
func furnish(staged, dir string, template []byte, programs map[string]string) error {
	built, err := filepath.Glob(filepath.Join(dir, ".build", "*", "bootstrap"))
	if err != nil {
		return err
	}
	targets := map[string]string{programAt: filepath.Join(dir, programAt)}
	for _, path := range built {
		targets[bootstrapAt(filepath.Base(filepath.Dir(path)))] = path
	}
	for function, path := range programs {
		targets[bootstrapAt(function)] = path
	}
	for at, path := range targets {
		if err := link(path, filepath.Join(staged, at)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(staged, "template.yaml"), template, 0o600)
}

func bootstrapAt(function string) string { return filepath.Join(".build", function, "bootstrap") }

func link(from, to string) error {
	from, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.Symlink(from, to)
}
