package main

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// weigh measures the executable, and the archive of it that would be deployed.
func (s *subject) weigh() error {
	file, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("weigh: %w", err)
	}
	defer file.Close()
	var zipped counter
	archive := zip.NewWriter(&zipped)
	entry, err := archive.Create("bootstrap") // deflated
	if err != nil {
		return fmt.Errorf("zip %s: %w", s.path, err)
	}
	if s.size, err = io.Copy(entry, file); err != nil {
		return fmt.Errorf("zip %s: %w", s.path, err)
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("zip %s: %w", s.path, err)
	}
	s.zipped = int64(zipped)
	return nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// report prints the table. The bare function is the last of all.
func report(out io.Writer, all []*subject) error {
	yardstick := median(all[len(all)-1].init)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tbytes\tzipped\tinit\tmax\tof bare\tof it: AWS config\tmax\tour constructor\tmax\tfirst answer\tmax\t")
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%.1f×\t%s\t%s\t%s\t%s\t%s\t%s\t\n", s.name, s.size, s.zipped,
			middle(s.init), most(s.init), float64(median(s.init))/float64(yardstick), middle(s.config), most(s.config),
			middle(s.constructor), most(s.constructor), middle(s.answer), most(s.answer))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	_, err := fmt.Fprint(out, `
init is from the start of the process until it first asks for work, and first answer until it has answered its first
event (api: read a campaign; dispatcher: a tick; sender: send a batch of three, with three texts at 1000 a second;
webhook: verify and queue a receipt; recorder: record three receipts; courier: send a single text).
Each column is the median; max is of the column before it.
`)
	return err
}

func middle(all []time.Duration) string {
	if len(all) == 0 {
		return "-"
	}
	return milliseconds(median(all))
}

func most(all []time.Duration) string {
	if len(all) == 0 {
		return "-"
	}
	return milliseconds(slices.Max(all))
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}
