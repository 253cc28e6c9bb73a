package parts

import (
	"strconv"

	"sluice/internal/recipientfile"
)

// digest is what the API will call the part's content.
func digest(p Part, columns string) string {
	return recipientfile.Digest(p.Body, recipientfile.CSV, columns, strconv.Itoa(p.FirstLine))
}
