package parts

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

const mediaCSV = "text/csv"

// digest is what the API will call the part's content: the content, and what says how to read it (PUT
// /campaigns/{id}/recipients/{part}).
func digest(p Part, columns string) string {
	h := sha256.New()
	h.Write(p.Body)
	for _, word := range []string{mediaCSV, columns, strconv.Itoa(p.FirstLine)} {
		h.Write([]byte{0})
		h.Write([]byte(word))
	}
	return hex.EncodeToString(h.Sum(nil))
}
