package preflight

import (
	"context"
	"fmt"
	"iter"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// maxSamplePages is how many pages are looked through for a sample: where nearly all of so many want no texts, it is short.
const maxSamplePages = 5

// sample is the texts to the first who would be sent to.
func sample(ctx context.Context, lists Lists, c campaign.Campaign, parts []recipients.Part, f *fold) ([]Text, error) {
	template, err := sms.ParseTemplate(c.Text)
	if err != nil {
		return nil, fmt.Errorf("the text: %w", err)
	}
	var texts []Text
	seen := make(map[sms.Number]bool)
	for p, page := range firstPages(parts) {
		if len(texts) == MaxSample {
			break
		}
		list, err := lists.PageOf(ctx, c.ID, p, page)
		if err != nil {
			return nil, fmt.Errorf("read page %d of part %d: %w", page, p.Number, err)
		}
		for _, r := range list {
			known := f.find(r.Number)
			if known == nil || known.out || seen[r.Number] || len(texts) == MaxSample {
				continue
			}
			seen[r.Number] = true
			text := template.Render(r.Values)
			texts = append(texts, Text{Number: r.Number, Text: text, Size: sms.Measure(text)})
		}
	}
	return texts, nil
}

// firstPages are the first maxSamplePages of a list, with their parts.
func firstPages(parts []recipients.Part) iter.Seq2[recipients.Part, int] {
	return func(yield func(recipients.Part, int) bool) {
		left := maxSamplePages
		for _, p := range parts {
			for page := range min(left, len(p.Pages)) {
				if left--; !yield(p, page) {
					return
				}
			}
		}
	}
}
