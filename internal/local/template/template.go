package template

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// Template is what the local platform runs. Each list is in the order of logical ids.
type Template struct {
	Functions []Function
	Queues    []Queue
	Tables    []Table
}

// Function is one AWS::Serverless::Function, Globals included.
type Function struct {
	LogicalID string
	// Name is the last element of CodeUri ("api" of ".build/api/"); no two functions share it.
	Name string
	// CodeDir holds the executable `bootstrap`; relative to the template, cleaned, never outside its folder.
	CodeDir     string
	Timeout     time.Duration
	MemoryMB    int
	Environment map[string]string
	// LogFormat is "JSON" or "Text".
	LogFormat string
	// LogLevel is ApplicationLogLevel; Lambda has none with the format Text, and INFO unless set with JSON.
	LogLevel string
	// ReservedConcurrency is the greatest number of invocations at once; 0 when nothing is reserved.
	ReservedConcurrency int
	Routes              []Route
	// Queue is nil where the function has no SQS event.
	Queue     *EventSource
	Schedules []Schedule
}

// Route is one HttpApi event.
type Route struct {
	// Method is in upper case, or "ANY".
	Method string
	// Path is in API Gateway's form: "/campaigns/{id}", "/{proxy+}".
	Path string
	// PayloadVersion is always "2.0".
	PayloadVersion string
}

// EventSource is one SQS event.
type EventSource struct {
	QueueLogicalID string
	BatchSize      int
	// Window is how long messages are gathered before an invocation; 0 for not at all.
	Window time.Duration
	// MaximumConcurrency is the greatest number of batches handed over at once; 0 when not limited.
	MaximumConcurrency int
	// ReportBatchItemFailures says that the function's answer names the messages that failed. Without it an answer
	// that is no error deletes the whole batch.
	ReportBatchItemFailures bool
}

// Schedule is one ScheduleV2 event. It has no retries: a template that asks for any is refused.
type Schedule struct {
	Every time.Duration
	// Input is the event's JSON; empty for Scheduler's own.
	Input string
}

// Queue is one AWS::SQS::Queue, with SQS's defaults where the template has no value.
type Queue struct {
	LogicalID, Name   string
	VisibilityTimeout time.Duration
	Delay             time.Duration
	Retention         time.Duration
	ReceiveWait       time.Duration
	MaxMessageBytes   int
	// DeadLetter is the logical id of the queue that takes what was received MaxReceives times; both or none are set.
	DeadLetter  string
	MaxReceives int
}

// Table is one AWS::DynamoDB::Table.
type Table struct {
	LogicalID, Name string
	Keys            []Key
	Indexes         []Index
	// TTLAttribute is empty when items never expire.
	TTLAttribute string
}

// Key is one attribute of a key schema: the partition key first, then the sort key if there is one.
type Key struct {
	Name string
	// Kind is "HASH" or "RANGE".
	Kind string
	// Type is "S", "N" or "B".
	Type string
}

// Index is one global secondary index.
type Index struct {
	Name string
	Keys []Key
	// Projection is "ALL" or "KEYS_ONLY".
	Projection string
}

// Options close the template's open ends.
type Options struct {
	// Parameters override the defaults of parameters and of pseudo parameters. They are held to the parameter's own
	// bounds, as in a deployment.
	Parameters map[string]string
	// QueueURL gives the URL of the queue of that name, for Ref. Without it a template that needs one is refused.
	QueueURL func(name string) string
}

// Read reads a template in YAML (JSON is YAML too). The error joins every problem found, each naming its resource and
// property; the Template is nil then.
func Read(r io.Reader, options Options) (*Template, error) {
	s, err := load(r, options)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	t := s.describe()
	if err := s.problems.join(); err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	return t, nil
}

// problems gathers all that is wrong with a template, each once: names are read twice.
type problems struct {
	all  []error
	seen map[string]bool
}

func (p *problems) add(where, format string, args ...any) {
	err := fmt.Errorf("%s: %w", where, fmt.Errorf(format, args...))
	if p.seen[err.Error()] {
		return
	}
	p.seen[err.Error()] = true
	p.all = append(p.all, err)
}

func (p *problems) join() error { return errors.Join(p.all...) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
