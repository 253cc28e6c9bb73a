package template

import (
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits and defaults of functions (AWS Lambda API, CreateFunction and CreateEventSourceMapping).
const (
	maxTimeout         = 900
	defaultTimeout     = 3
	minMemory          = 128
	maxMemory          = 10_240
	maxEnvironment     = 4096 // bytes, names and values together
	maxReserved        = 1_000_000
	maxBatchSize       = 10_000
	defaultBatchSize   = 10
	maxWindow          = 300
	minConcurrency     = 2
	maxConcurrency     = 1_000
	defaultAsyncRetry  = 2
	defaultTickRetries = 185
)

func (s *stack) function(b *block) Function {
	b.ignore(ignoredOfFunction())
	f := Function{LogicalID: b.where, Name: s.names[b.where], CodeDir: s.codeDir(b)}
	b.only("PackageType", "Zip", "Zip")
	b.only("Runtime", "", "provided.al2023")
	b.only("Handler", "", "bootstrap")
	f.Timeout = b.seconds("Timeout", defaultTimeout, 1, maxTimeout)
	f.MemoryMB = b.whole("MemorySize", minMemory, minMemory, maxMemory)
	// 0 would be a function that never runs.
	f.ReservedConcurrency = b.whole("ReservedConcurrentExecutions", 0, 1, maxReserved)
	f.Environment = s.environment(b.block("Environment"))
	f.LogFormat, f.LogLevel = s.logging(b.block("LoggingConfig"))
	s.events(b, &f)
	s.asyncRetries(b, len(f.Schedules) > 0)
	return f
}

func (s *stack) codeDir(b *block) string {
	dir := path.Clean(b.text("CodeUri", ""))
	if dir == "." || !filepath.IsLocal(dir) || strings.Contains(dir, ":") {
		s.problems.add(b.where, "CodeUri %.80q is not supported locally: only a folder under the template's", dir)
	}
	return dir
}

func (s *stack) environment(b *block) map[string]string {
	variables := b.block("Variables")
	b.done()
	environment := map[string]string{}
	size := 0
	for _, name := range sortedKeys(variables.fields) {
		environment[name] = variables.text(name, "")
		size += len(name) + len(environment[name])
	}
	if size > maxEnvironment {
		s.problems.add(b.where, "has %d bytes; the limit is %d", size, maxEnvironment)
	}
	return environment
}

func (s *stack) logging(b *block) (format, level string) {
	b.ignore(ignoredOfLogging())
	format = b.text("LogFormat", "Text")
	level = b.text("ApplicationLogLevel", "")
	if format == "JSON" && level == "" {
		level = "INFO"
	}
	b.done()
	return format, level
}

// asyncRetries: what a schedule starts is an asynchronous invocation, which Lambda retries twice unless told not to.
func (s *stack) asyncRetries(b *block, scheduled bool) {
	invoke := b.block("EventInvokeConfig")
	invoke.ignore(ignoredOfRetry())
	retries := invoke.whole("MaximumRetryAttempts", defaultAsyncRetry, 0, defaultAsyncRetry)
	if scheduled && retries != 0 {
		s.problems.add(b.where, "EventInvokeConfig MaximumRetryAttempts %d is not supported locally: only 0", retries)
	}
	invoke.done()
}

func (s *stack) events(b *block, f *Function) {
	events := b.block("Events")
	for _, name := range sortedKeys(events.fields) {
		event := newBlock(b.where+": event "+name, s.scope, s.problems, events.block(name).fields)
		kind := event.text("Type", "")
		properties := newBlock(event.where, s.scope, s.problems, event.block("Properties").fields)
		event.done()
		switch kind {
		case "HttpApi":
			f.Routes = append(f.Routes, s.route(properties))
		case "SQS":
			if f.Queue != nil {
				s.problems.add(event.where, "a second queue is not supported locally")
			}
			f.Queue = s.eventSource(properties)
		case "ScheduleV2":
			f.Schedules = append(f.Schedules, s.schedule(properties))
		default:
			s.problems.add(b.where, "event %s of type %.80s is not supported locally", name, kind)
			continue
		}
		properties.done()
	}
}

// methods are those of API Gateway's HTTP APIs.
func methods() []string {
	return []string{"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
}

func (s *stack) route(b *block) Route {
	b.resource("ApiId", "", typeAPI)
	b.only("PayloadFormatVersion", "2.0", "2.0")
	route := Route{
		Method:         strings.ToUpper(b.text("Method", "")),
		Path:           b.text("Path", ""),
		PayloadVersion: "2.0",
	}
	if !slices.Contains(methods(), route.Method) {
		s.problems.add(b.where, "Method %.20q is none of %v", route.Method, methods())
	}
	if !strings.HasPrefix(route.Path, "/") {
		s.problems.add(b.where, "Path %.80q does not begin with a slash", route.Path)
	}
	return route
}

func (s *stack) eventSource(b *block) *EventSource {
	source := &EventSource{
		QueueLogicalID: b.resource("Queue", "Arn", typeQueue),
		BatchSize:      b.whole("BatchSize", defaultBatchSize, 1, maxBatchSize),
		Window:         b.seconds("MaximumBatchingWindowInSeconds", 0, 0, maxWindow),
	}
	b.only("Enabled", "true", "true")
	scaling := b.block("ScalingConfig")
	source.MaximumConcurrency = scaling.whole("MaximumConcurrency", 0, minConcurrency, maxConcurrency)
	scaling.done()
	for _, item := range b.list("FunctionResponseTypes") {
		if item != "ReportBatchItemFailures" {
			s.problems.add(b.where, "FunctionResponseTypes %v is not supported locally", item)
		}
		source.ReportBatchItemFailures = true
	}
	return source
}

func (s *stack) schedule(b *block) Schedule {
	b.ignore(ignoredOfSchedule())
	b.only("State", "ENABLED", "ENABLED")
	window := b.block("FlexibleTimeWindow")
	window.only("Mode", "OFF", "OFF")
	window.done()
	retry := b.block("RetryPolicy")
	retry.ignore(ignoredOfRetry())
	if n := retry.whole("MaximumRetryAttempts", defaultTickRetries, 0, defaultTickRetries); n != 0 {
		s.problems.add(b.where, "RetryPolicy MaximumRetryAttempts %d is not supported locally: only 0", n)
	}
	retry.done()
	expression := b.text("ScheduleExpression", "")
	every, ok := parseRate(expression)
	if !ok {
		s.problems.add(b.where, "schedule %.80q is not supported locally: only rate(n minutes|hours|days) to a year", expression)
	}
	return Schedule{Every: every, Input: b.text("Input", "")}
}

const maxRate = 366 * 24 * time.Hour

func units() map[string]time.Duration {
	return map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
}

// parseRate reads rate(value unit) (EventBridge Scheduler, Schedule types: rate-based schedules).
func parseRate(expression string) (time.Duration, bool) {
	body, isRate := strings.CutPrefix(expression, "rate(")
	body, isClosed := strings.CutSuffix(body, ")")
	count, unit, isPair := strings.Cut(body, " ")
	if !isRate || !isClosed || !isPair {
		return 0, false
	}
	length, known := units()[strings.TrimSuffix(unit, "s")]
	n, err := strconv.ParseUint(count, 10, 20) // 20 bits: a year has 527,040 minutes
	every := time.Duration(n) * length
	return every, known && err == nil && every > 0 && every <= maxRate
}
