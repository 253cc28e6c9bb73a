# Everything that a person or the CI runs. `make run` and `make test` need only Go, make and git.

.DEFAULT_GOAL := help

FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))
LOCAL := .build/local/sluice-local
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# What checks the template: sam, else cfn-lint, else a cfn-lint of our own.
SAM := $(shell command -v sam)
CFN_LINT := $(shell command -v cfn-lint)
OWN_CFN_LINT := .build/cfn-lint-1.51.0

# The processor that `make build` builds for: this machine's, for the local platform. `make deploy` sets Lambda's.
GOARCH ?= $(shell go env GOARCH)
BUILD_FUNCTION = CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH) \
	go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags '-s -w'
# What the local platform sends through: empty for its own stand-in for Vonage. README.md has all of its settings.
VONAGE ?=
# How long `make fuzz` spends on each target.
FUZZTIME ?= 10s
# How many campaigns `make chaos` attacks, and the seed of the run to repeat; empty for a new one.
ROUNDS ?= 20
SEED ?=

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: build
build: $(FUNCTIONS:%=build-%) ## Build every function into .build/<function>/bootstrap (GOARCH=...)
	@test -n "$(FUNCTIONS)" || { echo 'build: no functions/*/main.go here' >&2; exit 1; }

# The go command knows best what is up to date.
.PHONY: $(FUNCTIONS:%=build-%)
$(FUNCTIONS:%=build-%): build-%:
	@$(BUILD_FUNCTION) -o .build/$*/bootstrap ./functions/$*

.PHONY: run
run: build $(LOCAL) ## Run all of it on this machine, without an AWS account (VONAGE=... PARAMETERS=...)
	@VONAGE='$(VONAGE)' exec $(LOCAL)

.PHONY: $(LOCAL)
$(LOCAL):
	@go build -o $@ ./internal/local/cmd

.PHONY: invoke
invoke: build $(LOCAL) ## Run one function on one event: FUNCTION=sender EVENT=events/sender/one-batch.json
	@test -n '$(FUNCTION)' && test -n '$(EVENT)' || { echo 'usage: make invoke FUNCTION=<name> EVENT=<file>' >&2; exit 2; }
	@$(LOCAL) -invoke '$(FUNCTION)' -event '$(EVENT)'

.PHONY: test
test: ## Run all tests that need only Go
	go test -race -shuffle=on -count=1 -timeout=20m ./...

.PHONY: conformance
conformance: ## Run the contract suites on other services: DYNAMODB=http://... (DynamoDB Local) SQS=http://...
	@test -n '$(DYNAMODB)$(SQS)' || { echo 'usage: make conformance DYNAMODB=<endpoint> SQS=<endpoint>' >&2; exit 2; }
	SLUICE_DYNAMODB_ENDPOINT='$(DYNAMODB)' SLUICE_SQS_ENDPOINT='$(SQS)' go test -count=1 -v -run 'Test(Store|Pace|Queue)' \
		$(if $(DYNAMODB),./internal/dynamostore) $(if $(SQS),./internal/sqsqueue)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (10s)
	@grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' internal functions | while IFS=: read -r file target; do \
		echo "$$file: $${target#func }"; \
		go test -run='^$$' -fuzz="^$${target#func }$$" -fuzztime=$(FUZZTIME) "./$${file%/*}" </dev/null || exit 1; \
	done

.PHONY: matrix
matrix: ## Kill and fail what records what comes back, and what makes lists, at every remote call; 10,000 receipts in any order (minutes)
	@SLUICE_MATRIX=all SLUICE_RETURNS_TEXTS=10000 go test -count=1 -timeout=60m -v ./internal/simulation \
		-run '^(TestCrashMatrixOfTheReturns|TestReturnsInARoughWorld|TestReceiptsInAnyOrder|TestListsOutliveEveryCrash|TestCrashMatrixOfTests|TestEverybodyHasTheirOwnTextWhoeverCrashes)$$' | grep -E '^(---|FAIL|ok|    [a-z_]+_test[.]go)|--- FAIL'

.PHONY: chaos
chaos: build $(LOCAL) ## Kill functions in the middle of campaigns, count who is lost or sent to twice (ROUNDS=20 SEED=...)
	@go run ./internal/local/cmd/chaos -rounds '$(ROUNDS)' $(if $(SEED),-seed '$(SEED)')

.PHONY: bench-cold
bench-cold: build ## Measure sizes and cold starts, beside a function that does nothing
	@for program in bare probe; do \
		$(BUILD_FUNCTION) -o .build/bench/$$program ./internal/local/cmd/benchcold/$$program || exit 1; \
	done
	@go run ./internal/local/cmd/benchcold

# How many messages each row of `make bench-throughput` is of.
MESSAGES ?= 20000

.PHONY: bench-throughput
bench-throughput: build $(LOCAL) ## Measure messages a second without a limit, beside a bare HTTP client (MESSAGES=20000)
	@go run ./internal/local/cmd/benchthroughput -recipients '$(MESSAGES)'

# How many pauses `make bench-pause` measures of each kind.
PAUSES ?= 200

.PHONY: bench-pause
bench-pause: ## Measure how long a pause takes to act, in virtual time, beside the limit (PAUSES=200)
	@SLUICE_PAUSE_TRIALS='$(PAUSES)' go test -count=1 -timeout=60m -v -run '^TestAPauseTakesEffectWithinAChunk$$' ./internal/simulation

# What `make bench-cost` counts the cost of: campaigns of so many recipients, at most 100,000.
RECIPIENTS ?= 1000 10000 100000
# Whether it also prints where units, calls and time go.
DETAIL ?=

.PHONY: bench-cost
bench-cost: ## Count what an SMS costs on AWS, beside a naive design and the bounds (RECIPIENTS="1000 10000 100000" DETAIL=1)
	@SLUICE_COST_RECIPIENTS='$(RECIPIENTS)' SLUICE_COST_DETAIL='$(DETAIL)' \
		go test -count=1 -timeout=60m -v -run '^TestATextCostsNoMoreThanItDid$$' ./internal/simulation

# Of how many recipients' texts `make bench-returns` takes receipts, how many of them reply, and of these say STOP.
RECEIPTS ?= 10000
REPLIES ?= 2000
STOPS ?= 50

.PHONY: bench-returns
bench-returns: build $(LOCAL) ## Measure and price a flood of receipts and replies (RECEIPTS=10000 REPLIES=2000 STOPS=50 DETAIL=1)
	@go run ./internal/local/cmd/benchreturns -receipts '$(RECEIPTS)' -replies '$(REPLIES)' -stops '$(STOPS)'
	@SLUICE_RETURNS='$(RECEIPTS) $(REPLIES)' SLUICE_COST_DETAIL='$(DETAIL)' \
		go test -count=1 -timeout=60m -v -run '^TestWhatComesBackCostsNoMoreThanItDid$$' ./internal/simulation

# How long the lists are that `make bench-ingest` uploads.
INGEST ?= 1000 100000 1000000

.PHONY: bench-ingest
bench-ingest: build $(LOCAL) ## Measure and price uploads, preflights and launches of long lists (INGEST="1000 100000 1000000" DETAIL=1)
	@go run ./internal/local/cmd/benchingest -recipients '$(INGEST)'
	@SLUICE_INGEST_RECIPIENTS='$(INGEST)' SLUICE_COST_DETAIL='$(DETAIL)' \
		go test -count=1 -timeout=60m -v -run '^TestStoringARecipientCostsNoMoreThanItDid$$' ./internal/simulation

# Not empty, `make bench-pace` draws .build/bench/pace.svg.
PLOT ?=
BENCH_PACE := .build/bench/pace

.PHONY: bench-pace
bench-pace: build $(LOCAL) ## Measure how exact the throttle is, in virtual time and with real processes (PLOT=1 draws it)
	@mkdir -p $(dir $(BENCH_PACE))
	@SLUICE_PACE_REPORT='$(CURDIR)/$(BENCH_PACE).txt' go test -count=1 -timeout=30m -run '^TestPaceReport$$' \
		./internal/simulation >$(BENCH_PACE).log 2>&1 || { cat $(BENCH_PACE).log >&2; exit 1; }
	@cat $(BENCH_PACE).txt; echo
	@go run ./internal/local/cmd/benchpace $(if $(PLOT),-plot $(BENCH_PACE).svg)

.PHONY: fmt
fmt: ## Format the code
	gofmt -w .

.PHONY: fmt-check
fmt-check:
	@list=$$(gofmt -l .); test -z "$$list" || { printf 'not formatted (make fmt):\n%s\n' "$$list" >&2; exit 1; }

.PHONY: vet
vet: ## Run go vet
	go vet ./...

.PHONY: lint
lint: ## Run staticcheck
	go run $(STATICCHECK) ./...

.PHONY: tidy-check
tidy-check:
	go mod tidy -diff

.PHONY: validate
validate: $(if $(SAM)$(CFN_LINT),,$(OWN_CFN_LINT)) ## Check template.yaml: cfn-lint, then our own rules
ifneq ($(SAM),)
	sam validate --lint --template-file template.yaml
else ifneq ($(CFN_LINT),)
	cfn-lint template.yaml
else
	PYTHONPATH=$(OWN_CFN_LINT) python3 $(OWN_CFN_LINT)/bin/cfn-lint template.yaml
endif
	go test -count=1 ./internal/local/template

# Not a virtual environment: many systems ship Python without what makes one.
$(OWN_CFN_LINT):
	@command -v python3 >/dev/null || { \
		echo 'validate: needs sam, cfn-lint, or python3 (to install cfn-lint under .build); none is here' >&2; exit 1; }
	@python3 -m pip --version >/dev/null || { echo 'validate: python3 is here, but without pip' >&2; exit 1; }
	@rm -rf $@.part
	python3 -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --root-user-action=ignore \
		--target $@.part cfn-lint==$(lastword $(subst -, ,$@))
	@mv $@.part $@

.PHONY: check
check: fmt-check vet lint tidy-check validate test ## All that must hold before a commit (the CI runs this)

.PHONY: deploy
deploy: override GOARCH := arm64
deploy: sam-is-here build ## Build for Lambda and deploy with SAM (samconfig.toml)
	sam deploy

.PHONY: sam-is-here
sam-is-here:
	@test -n '$(SAM)' || { \
		echo 'deploy: needs the AWS SAM CLI: https://docs.aws.amazon.com/serverless-application-model/' >&2; exit 1; }

.PHONY: api-key
api-key: ## Make an API key for a deployed stack: TABLE=<TableName of its outputs> NAME=<whose it is>
	@test -n '$(TABLE)' && test -n '$(NAME)' || { echo 'usage: make api-key TABLE=<table> NAME=<name>' >&2; exit 2; }
	@go run ./internal/cmd/apikey -table '$(TABLE)' -name '$(NAME)'

# The key is not among the program's arguments, which others on this machine can see; KEY=... is among those of make and of
# its shell. On a shared machine, export SLUICE_KEY and leave KEY out.
# COLUMNS is not taken from the environment: there it is the width of a terminal.
.PHONY: upload
upload: ## Upload a CSV file of recipients to a draft: FILE=<list.csv> CAMPAIGN=<id> (API=... KEY=... COLUMNS=... FIRST_PART=1 REPLACE=1)
	@go build -o .build/cmd/upload ./internal/cmd/upload
	@$(if $(KEY),SLUICE_KEY='$(KEY)') exec .build/cmd/upload -file '$(FILE)' -campaign '$(CAMPAIGN)' \
		$(if $(API),-api '$(API)') $(if $(findstring command,$(origin COLUMNS)),-columns '$(COLUMNS)') $(if $(FIRST_PART),-first-part '$(FIRST_PART)') \
		$(if $(REPLACE),-replace='$(REPLACE)')

.PHONY: redrive
redrive: ## Move dead letters back: QUEUE=<a ...DeadLetterQueueUrl of a stack's outputs>, or local, local:events, local:oneoffs
	@go run ./internal/cmd/redrive -queue '$(QUEUE)' $(if $(SQS),-endpoint '$(SQS)')

.PHONY: clean
clean: ## Remove all that was built
	rm -rf .build
