package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// noRate is the highest rate that the functions know (internal/app, ACCOUNT_RATE): more than this machine sends.
const noRate = "10000"

// The template allows less than that, because no account of Vonage's may send so fast.
var (
	allowed = []byte("\n    MaxValue: 1000\n    Description: Requests a second that the Vonage API key may make")
	lifted  = bytes.Replace(allowed, []byte("1000"), []byte(noRate), 1)
)

// stage makes a temporary folder in which the platform may run without a limit: with what was built in dir, and with its
// template but for the bound of AccountRate. sender is the executable to take for the sender's, empty for the deployed one.
func stage(dir, sender string) (string, error) {
	template, err := os.ReadFile(filepath.Join(dir, "template.yaml"))
	if err != nil {
		return "", fmt.Errorf("read the template: %w", err)
	}
	if bytes.Count(template, allowed) != 1 {
		return "", fmt.Errorf("template.yaml has no bound of AccountRate like %q", allowed)
	}
	staged, err := os.MkdirTemp("", "sluice-throughput-")
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	template = bytes.Replace(template, allowed, lifted, 1)
	err = os.WriteFile(filepath.Join(staged, "template.yaml"), template, 0o600)
	for _, program := range []string{"local/sluice-local", "api/bootstrap", "dispatcher/bootstrap", "sender/bootstrap"} {
		path := filepath.Join(dir, ".build", program)
		if program == "sender/bootstrap" && sender != "" {
			path = sender
		}
		if err == nil {
			err = link(path, filepath.Join(staged, ".build", program))
		}
	}
	if err != nil {
		_ = os.RemoveAll(staged) // the error below is the one to tell
		return "", fmt.Errorf("set the stage: %w", err)
	}
	return staged, nil
}

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
