package template

// describe reads every resource. It is complete only when no problem was noted.
func (s *stack) describe() *Template {
	t := &Template{}
	apis := 0
	for _, id := range sortedKeys(s.scope.resources) {
		s.checkAttributes(id)
		b := s.properties(id)
		switch kind := s.kind(id); kind {
		case typeFunction:
			t.Functions = append(t.Functions, s.function(b))
		case typeQueue:
			t.Queues = append(t.Queues, s.queue(b))
		case typeTable:
			t.Tables = append(t.Tables, s.table(b))
		case typeAPI:
			apis++
			s.api(b)
		default:
			if _, ignored := ignoredTypes()[kind]; !ignored {
				s.problems.add(id, "type %s is not supported locally", kind)
			}
			continue // its properties are not looked at
		}
		b.done()
	}
	if apis > 1 {
		s.problems.add("template", "%d HTTP APIs are not supported locally: only one", apis)
	}
	s.checkNames()
	s.checkRoutes(t.Functions)
	return t
}

func (s *stack) checkAttributes(id string) {
	fields := s.scope.resources[id]
	attributes := newBlock(id, s.scope, s.problems, fields)
	attributes.ignore(ignoredAttributes())
	for _, name := range []string{"Type", "Properties", "Condition"} {
		attributes.read[name] = true
	}
	if _, ok := fields["Properties"].(map[string]any); !ok && fields["Properties"] != nil {
		s.problems.add(id, "Properties is not a mapping")
	}
	attributes.done()
}

// checkNames refuses two resources of one kind with one name: locally they would be one.
func (s *stack) checkNames() {
	owners := map[string]string{}
	for _, id := range sortedKeys(s.names) {
		key := s.kind(id) + " " + s.names[id]
		if owner, taken := owners[key]; taken {
			s.problems.add(id, "is named %.80q, as is %s", s.names[id], owner)
		}
		owners[key] = id
	}
}

func (s *stack) checkRoutes(functions []Function) {
	owners := map[string]string{}
	for _, f := range functions {
		for _, route := range f.Routes {
			key := route.Method + " " + route.Path
			if owner, taken := owners[key]; taken {
				s.problems.add(f.LogicalID, "route %.80s is also that of %s", key, owner)
			}
			owners[key] = f.LogicalID
		}
	}
}

func (s *stack) api(b *block) {
	b.ignore(ignoredOfAPI())
	b.only("StageName", "$default", "$default")
}

// Limits and defaults of queues (Amazon SQS API, CreateQueue).
const (
	maxVisibility      = 43_200
	defaultVisibility  = 30
	maxDelay           = 900
	minRetention       = 60
	maxRetention       = 1_209_600
	defaultRetention   = 345_600
	maxReceiveWait     = 20
	minMessageBytes    = 1_024
	maxMessageBytes    = 1_048_576
	maxReceives        = 1_000
	defaultMaxReceives = 10
)

func (s *stack) queue(b *block) Queue {
	b.ignore(ignoredOfQueue())
	q := Queue{
		LogicalID:         b.where,
		Name:              b.text("QueueName", b.where),
		VisibilityTimeout: b.seconds("VisibilityTimeout", defaultVisibility, 0, maxVisibility),
		Delay:             b.seconds("DelaySeconds", 0, 0, maxDelay),
		Retention:         b.seconds("MessageRetentionPeriod", defaultRetention, minRetention, maxRetention),
		ReceiveWait:       b.seconds("ReceiveMessageWaitTimeSeconds", 0, 0, maxReceiveWait),
		MaxMessageBytes:   b.whole("MaximumMessageSize", maxMessageBytes, minMessageBytes, maxMessageBytes),
	}
	if _, ok := b.value("RedrivePolicy"); ok {
		redrive := b.block("RedrivePolicy")
		q.DeadLetter = redrive.resource("deadLetterTargetArn", "Arn", typeQueue)
		q.MaxReceives = redrive.whole("maxReceiveCount", defaultMaxReceives, 1, maxReceives)
		redrive.done()
	}
	return q
}

func (s *stack) table(b *block) Table {
	b.ignore(ignoredOfTable())
	types := s.attributeTypes(b)
	t := Table{LogicalID: b.where, Name: b.text("TableName", b.where), Keys: s.keys(b, types)}
	for _, index := range b.blocks("GlobalSecondaryIndexes") {
		t.Indexes = append(t.Indexes, s.index(index, types))
	}
	expiry := b.block("TimeToLiveSpecification")
	attribute := expiry.text("AttributeName", "")
	if expiry.text("Enabled", "false") == "true" {
		t.TTLAttribute = attribute
	}
	expiry.done()
	return t
}

func (s *stack) attributeTypes(b *block) map[string]string {
	types := map[string]string{}
	for _, attribute := range b.blocks("AttributeDefinitions") {
		types[attribute.text("AttributeName", "")] = attribute.text("AttributeType", "")
		attribute.done()
	}
	return types
}

func (s *stack) index(b *block, types map[string]string) Index {
	index := Index{Name: b.text("IndexName", ""), Keys: s.keys(b, types)}
	if index.Name == "" {
		s.problems.add(b.where, "has no IndexName")
	}
	projection := b.block("Projection")
	index.Projection = projection.text("ProjectionType", "")
	if index.Projection != "ALL" && index.Projection != "KEYS_ONLY" {
		s.problems.add(b.where, "projection %.40q is not supported locally: only ALL and KEYS_ONLY", index.Projection)
	}
	projection.done()
	b.done()
	return index
}

// keys reads a key schema: one HASH, then at most one RANGE. Keys of several attributes are not mirrored.
func (s *stack) keys(b *block, types map[string]string) []Key {
	kinds := []string{"HASH", "RANGE"}
	var keys []Key
	for i, element := range b.blocks("KeySchema") {
		key := Key{Name: element.text("AttributeName", ""), Kind: element.text("KeyType", "")}
		key.Type = types[key.Name]
		element.done()
		if i >= len(kinds) || key.Kind != kinds[i] {
			s.problems.add(element.where, "a key schema is one HASH, then at most one RANGE, to be supported locally")
		}
		if key.Type != "S" && key.Type != "N" && key.Type != "B" {
			s.problems.add(element.where, "%.80q has no AttributeType of S, N or B", key.Name)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		s.problems.add(b.where, "has no KeySchema")
	}
	return keys
}
