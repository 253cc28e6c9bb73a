package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
)

// list is a file of recipients in Great Britain, always the same one of a seed. personal adds a first name and a town to
// each row.
type list struct {
	rows     int
	personal bool
	seed     uint64
}

func (l list) String() string {
	if l.personal {
		return fmt.Sprintf("%d rows with two variables", l.rows)
	}
	return fmt.Sprintf("%d bare numbers", l.rows)
}

// made is what must be found in a list.
type made struct{ rows, bad, duplicates int }

func (m made) valid() int { return m.rows - m.bad - m.duplicates }

// Of a thousand rows so many have no number, and so many one of an earlier row. A tenth of the names is missing.
const (
	badOf1000       = 1
	duplicateOf1000 = 2
	namelessOf10    = 1
)

// store writes it into a file.
func (l list) store(path string) (made, error) {
	file, err := os.Create(path)
	if err != nil {
		return made{}, fmt.Errorf("make a list: %w", err)
	}
	buffer := bufio.NewWriter(file)
	m, err := l.write(buffer)
	if err == nil {
		err = buffer.Flush()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return m, fmt.Errorf("write a list: %w", err)
	}
	return m, nil
}

func (l list) write(w io.Writer) (made, error) {
	m, people := made{rows: l.rows}, 0
	r := rand.New(rand.NewPCG(l.seed, 0)) // #nosec: no secret comes of it
	out := csv.NewWriter(w)
	header := []string{"Mobile"}
	if l.personal {
		header = append(header, "First name", "Town")
	}
	if err := out.Write(header); err != nil {
		return m, err
	}
	for range l.rows {
		var number string
		switch n := r.IntN(1000); {
		case n < badOf1000:
			number = pick(r, noNumbers())
			m.bad++
		case n < badOf1000+duplicateOf1000 && people > 0:
			number = written(r, r.IntN(people))
			m.duplicates++
		default:
			number = written(r, people)
			people++
		}
		if err := out.Write(l.row(r, number)); err != nil {
			return m, err
		}
	}
	out.Flush()
	return m, out.Error()
}

func (l list) row(r *rand.Rand, number string) []string {
	if !l.personal {
		return []string{number}
	}
	name := pick(r, names())
	if r.IntN(10) < namelessOf10 {
		name = ""
	}
	return []string{number, name, pick(r, towns())}
}

// written is the number of a person, as one of those writes it who fill in forms.
func written(r *rand.Rand, person int) string {
	digits := mobile(person)
	switch n := r.IntN(20); {
	case n < 6:
		return "0" + digits[:4] + " " + digits[4:]
	case n < 9:
		return "0" + digits
	case n < 10:
		return "0044 " + digits
	case n < 11:
		return "44" + digits
	case n < 12:
		return "+44 (0)" + digits[:4] + " " + digits[4:]
	default:
		return "+44" + digits
	}
}

// mobile is a person's number without 0 or +44: a mobile one by the numbering plan, another for everybody, in no order, so
// that they cannot be packed better than people's are.
func mobile(person int) string {
	const each = 10_000_000
	ranges := []int{740, 741, 742, 743, 744, 746, 747, 748, 749, 751, 753, 754, 755, 756, 757, 758, 759, 780, 781, 784, 785, 786, 787, 788}
	n := shuffled(uint32(person))
	for n >= uint32(len(ranges)*each) {
		n = shuffled(n)
	}
	return fmt.Sprintf("%d%07d", ranges[n/each], n%each)
}

// shuffled maps the numbers of 28 bits onto themselves: it only multiplies by odd numbers and folds.
func shuffled(n uint32) uint32 {
	const mask = 1<<28 - 1
	n = (n ^ n>>15) * 0x2c1b3c6d & mask
	n = (n ^ n>>13) * 0x297a2d39 & mask
	return n ^ n>>14
}

func noNumbers() []string {
	return []string{"n/a", "call me first", "#REF!", "+44 20", "7.50012E+09", "none"}
}

// names: some have characters that GSM-7 does not have.
func names() []string {
	return []string{"Ada", "Grace", "José", "Zoë", "François", "Łukasz", "Siân", "O'Neill", "Nguyễn", "Olivia", "Noah", "Amelia",
		"George", "Isla", "Arthur", "Ava", "Muhammad", "Freya", "Leo", "Ivy", "Oscar", "Anne-Marie", "Müller", "Søren"}
}

// towns: one has a comma, which must be quoted.
func towns() []string {
	return []string{"Leeds", "Newport, Wales", "Stoke-on-Trent", "Bath", "Aberystwyth", "Kirkby Lonsdale", "London", "Ely", "Glasgow"}
}

func pick(r *rand.Rand, words []string) string { return words[r.IntN(len(words))] }
