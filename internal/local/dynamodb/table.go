package dynamodb

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sluice/internal/local/dynamodb/attribute"
)

// Key is an attribute that serves as a key. Its kind is attribute.String, Number or Binary.
type Key struct {
	Name string
	Kind attribute.Kind
}

// Projection says which attributes an index has besides its own keys and the table's.
type Projection string

// Projections (API Reference, Projection).
const (
	ProjectAll      Projection = "ALL"
	ProjectKeysOnly Projection = "KEYS_ONLY"
	ProjectInclude  Projection = "INCLUDE"
)

// Index describes a global secondary index. Items without its keys are not in it.
type Index struct {
	Name       string
	Hash       Key
	Range      Key // Zero for none.
	Projection Projection
	Include    []string // Only with ProjectInclude.
}

// Table describes a table.
type Table struct {
	Name    string
	Hash    Key
	Range   Key // Zero for none.
	Indexes []Index
}

// table is a table with its items. All its methods want the server's lock.
type table struct {
	Table
	primary *ordered
	indexes map[string]*ordered
}

func newTable(description Table) (*table, error) {
	t := &table{Table: description, indexes: map[string]*ordered{}}
	if err := checkName(t.Name); err != nil {
		return nil, err
	}
	kinds := map[string]attribute.Kind{}
	if err := checkKeys(kinds, t.Hash, t.Range); err != nil {
		return nil, err
	}
	t.primary = newOrdered(t.Hash, t.Range)
	for _, x := range t.Indexes {
		if err := checkName(x.Name); err != nil || t.indexes[x.Name] != nil {
			return nil, fmt.Errorf("the index %q has no fit name, or one that another has", x.Name)
		}
		if err := checkKeys(kinds, x.Hash, x.Range); err != nil {
			return nil, fmt.Errorf("index %q: %w", x.Name, err)
		}
		index := newOrdered(x.Hash, x.Range)
		switch x.Projection {
		case ProjectAll:
		case ProjectKeysOnly, ProjectInclude:
			index.projects = map[string]bool{t.Hash.Name: true, t.Range.Name: true, x.Hash.Name: true, x.Range.Name: true}
			for _, name := range x.Include {
				index.projects[name] = true
			}
		default:
			return nil, fmt.Errorf("index %q: the projection is %q, it must be ALL, KEYS_ONLY or INCLUDE", x.Name, x.Projection)
		}
		if (x.Projection == ProjectInclude) != (len(x.Include) > 0) {
			return nil, fmt.Errorf("index %q: attributes to include belong to the projection INCLUDE, and to no other", x.Name)
		}
		t.indexes[x.Name] = index
	}
	return t, nil
}

// checkName holds the name of a table or index to the rules (Developer Guide, "Naming rules").
func checkName(name string) error {
	const least, most = 3, 255
	fit := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
	}
	if len(name) < least || len(name) > most || strings.ContainsFunc(name, func(c rune) bool { return !fit(c) }) {
		return fmt.Errorf("the name must be %d to %d of a-z, A-Z, 0-9, '_', '-' and '.'", least, most)
	}
	return nil
}

// checkKeys holds keys to one kind each over the whole table.
func checkKeys(kinds map[string]attribute.Kind, hash, rng Key) error {
	if hash == (Key{}) {
		return errors.New("it has no partition key")
	}
	if hash.Name == rng.Name {
		return fmt.Errorf("both keys are %q", hash.Name)
	}
	for _, k := range []Key{hash, rng} {
		if k == (Key{}) {
			continue
		}
		if k.Name == "" || !k.Kind.Ordered() {
			return fmt.Errorf("the key %q is of kind %q, it must be S, N or B", k.Name, k.Kind)
		}
		if known, ok := kinds[k.Name]; ok && known != k.Kind {
			return fmt.Errorf("the key %q is of kind %s and of kind %s", k.Name, known, k.Kind)
		}
		kinds[k.Name] = k.Kind
	}
	return nil
}

// identity is the primary key of an item as one string that no other key has.
func (t *table) identity(item attribute.Item) string {
	hash := item[t.Hash.Name].Order()
	id := strconv.Itoa(len(hash)) + ":" + hash
	if t.Range.Name != "" {
		id += item[t.Range.Name].Order()
	}
	return id
}

// keyOf picks the primary key of an item.
func (t *table) keyOf(item attribute.Item) attribute.Item {
	key := attribute.Item{t.Hash.Name: item[t.Hash.Name]}
	if t.Range.Name != "" {
		key[t.Range.Name] = item[t.Range.Name]
	}
	return key
}

// get returns the item with the key, nil when there is none.
func (t *table) get(key attribute.Item) attribute.Item {
	return t.primary.get(key, t.identity(key))
}

// store replaces old by item, either of which may be nil, in the table and its indexes.
func (t *table) store(old, item attribute.Item) {
	var id string
	switch {
	case old != nil:
		id = t.identity(old)
	case item != nil:
		id = t.identity(item)
	default:
		return
	}
	t.primary.replace(old, item, id)
	for _, index := range t.indexes {
		index.replace(old, item, id)
	}
}

// Bounds of key values (Developer Guide, "Constraints").
const (
	maxHashBytes  = 2048
	maxRangeBytes = 1024
)

// checkKey refuses a key that is not exactly the table's.
func (t *table) checkKey(key attribute.Item) error {
	want := 1
	if t.Range.Name != "" {
		want = 2
	}
	if len(key) != want {
		return invalid("The provided key element does not match the schema: it has %d attributes, not %d", len(key), want)
	}
	return t.checkPrimary(key)
}

// checkItem refuses an item without the table's key, with an unfit key for an index, or beyond the limit of size.
func (t *table) checkItem(item attribute.Item) error {
	if err := t.checkPrimary(item); err != nil {
		return err
	}
	for _, x := range t.Indexes {
		for _, k := range []Key{x.Hash, x.Range} {
			v, ok := item[k.Name]
			if !ok {
				continue
			}
			if v.Kind != k.Kind {
				return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: "+
					"%s IndexName: %s", k.Name, k.Kind, v.Kind, x.Name)
			}
			if v.Kind != attribute.Number && v.Text == "" {
				return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not "+
					"supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: %s, "+
					"IndexKey: %s", x.Name, k.Name)
			}
		}
	}
	if size := item.Size(); size > MaxItemBytes {
		return invalid("Item size has exceeded the maximum allowed size: it has %d bytes, at most %d", size, MaxItemBytes)
	}
	return nil
}

func (t *table) checkPrimary(item attribute.Item) error {
	for k, limit := range map[Key]int{t.Hash: maxHashBytes, t.Range: maxRangeBytes} {
		if k.Name == "" {
			continue
		}
		v, ok := item[k.Name]
		switch {
		case !ok:
			return invalid("One or more parameter values were invalid: Missing the key %s in the item", k.Name)
		case v.Kind != k.Kind:
			return invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s",
				k.Name, k.Kind, v.Kind)
		case v.Kind != attribute.Number && v.Text == "":
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "+
				"empty string value. Key: %s", k.Name)
		case len(v.Text) > limit:
			return invalid("One or more parameter values were invalid: Size of the key %s is %d bytes, at most %d",
				k.Name, len(v.Text), limit)
		}
	}
	return nil
}
