# Sallyport. `make` alone says what there is.
#
# Everything but `make e2e-browser`, `make conformance` and `make interop` with its two parts needs Go 1.26 and nothing else. Tools are installed into
# ./.bin at a fixed version, so that they never enter go.mod.

GO       ?= go
BIN      := $(CURDIR)/.bin
LINTER   := $(BIN)/golangci-lint-v2.15.0
SPELLER  := $(BIN)/misspell-v0.8.0
SPELL_PKG := github.com/golangci/misspell/cmd/misspell@v0.8.0
LINT_PKG := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 20s
CASES    ?= 100000
CALLS    ?= 1000000
COUNT    ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test examples lint fmt cover differential differential-tokens differential-messages soak fuzz bench bench-authz e2e e2e-go e2e-browser conformance interop interop-clients interop-issuers mutants nightly clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-21s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## serve the notes example on 127.0.0.1:8080
	$(GO) run ./examples/notes

# The race detector needs cgo, and cgo needs a C compiler. Without one the tests still run, and say what they did not check.
CC_FOUND := $(shell command -v $$($(GO) env CC 2>/dev/null) 2>/dev/null)
ifeq ($(CC_FOUND),)
RACE :=
else
RACE := -race
endif

test: ## run every test, shuffled, with the race detector
ifeq ($(RACE),)
	@echo "********************************************************************************"
	@echo "* No C compiler found (go env CC: $$($(GO) env CC)): testing WITHOUT the race detector."
	@echo "* Data races go unnoticed in this run. Install gcc or clang to have them found."
	@echo "********************************************************************************"
	CGO_ENABLED=0 $(GO) test -timeout 10m -shuffle=on -count=$(COUNT) ./...
else
	CGO_ENABLED=1 $(GO) test -timeout 10m $(RACE) -shuffle=on -count=$(COUNT) ./...
endif

examples: ## test the example with a module of its own
	cd examples/tables && $(GO) vet ./... && $(GO) test -timeout 2m -count=1 ./...

$(LINTER):
	@mkdir -p $(BIN)
	GOBIN=$(BIN) $(GO) install $(LINT_PKG)
	@mv $(BIN)/golangci-lint $@

$(SPELLER):
	@mkdir -p $(BIN)
	GOBIN=$(BIN) $(GO) install $(SPELL_PKG)
	@mv $(BIN)/misspell $@

lint: $(LINTER) $(SPELLER) ## gofmt, vet, golangci-lint, spelling; new servers
	$(SPELLER) -error $$(git ls-files '*.md')
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	cd e2e && $(GO) vet ./...
	cd bench && $(GO) vet ./...
	cd internal/tokendiff && $(GO) vet ./...
	$(LINTER) run ./...
	@# The rules of a new server but two: which packages import which is its own affair, and it may take the framework from a directory.
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; $(GO) build -o "$$dir/sallyport" ./cmd/sallyport; cd "$$dir"; \
	./sallyport new full --template full >/dev/null; cd full; \
	../sallyport add tool report --scope reports:read >/dev/null; \
	../sallyport add resource 'report://{year}' --scope reports:read --permission 'report/{year}:read' >/dev/null; \
	../sallyport add prompt report --scope reports:read >/dev/null; \
	echo "golangci-lint run, for a new server"; \
	$(LINTER) run --config $(CURDIR)/.golangci.yml --disable depguard,gomoddirectives ./...

fmt: ## format all Go files
	gofmt -w $$(git ls-files '*.go')

cover: ## authz, transport/token 100 % covered, the rest 85 %
	$(GO) run ./internal/covergate

differential: ## CASES (100000) decisions beside Casbin and Cedar
	$(GO) test -timeout 60m -count=1 -v -run '^TestP26_' ./authz -cases $(CASES) -rows 3

fuzz: ## run every fuzz target for FUZZTIME (20s)
	@set -e; for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "== $$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

differential-tokens: ## CASES bent tokens, judged beside golang-jwt and jwx
	cd internal/tokendiff && $(GO) test -count=1 ./vectors && $(GO) test -count=1 -timeout 60m -v . -cases $(CASES)

# An hour or more.
soak: ## CALLS (1000000) of twelve callers, with every fault
	$(GO) test $(RACE) -timeout 6h -count=1 -v -run '^TestM31_' ./server -calls $(CALLS)

differential-messages: ## CASES bent requests: what ran is what was decided
	$(GO) test -timeout 60m -count=1 -v -run '^TestR34_' ./internal/bodyfuzz -cases $(CASES)

# About two minutes each. Both fail if what they measure is above its bars.
bench: ## what a protected call costs beside bare mcp-go
	cd bench && $(GO) test -count=1 . ./internal/... && $(GO) run . -bar $(BENCHFLAGS)

bench-authz: ## what a decision costs with 10 rules and 100,000
	cd bench && $(GO) test -count=1 ./authz ./internal/... && $(GO) run ./authz -bar -doc ../docs/policy-speed.md $(BENCHFLAGS)

e2e: e2e-go e2e-browser ## three real clients against the notes example

e2e-go: ## the mcp-go and go-sdk clients, up to a step-up
	cd e2e && $(GO) test -timeout 5m -count=1 ./...

e2e-browser: ## the TypeScript SDK (needs Node 20, npm, Chromium)
	./e2e/browser/run

conformance: ## the official MCP suite, needs npm
	./e2e/conformance/run

interop: ## both of the following, even if the first fails
	@failed=0; for part in interop-clients interop-issuers; do $(MAKE) $$part || failed=1; done; exit $$failed

interop-clients: ## Inspector, mcp-remote, SDKs; needs npm, Python
	./e2e/interop/run

interop-issuers: ## two issuers; needs npm, Java 17, Maven
	./e2e/issuers/run

# About ten minutes.
mutants: ## show that a test fails without each token check
	$(GO) run ./internal/mutants

nightly: ## all that takes long, with ten times the cases
	$(MAKE) test COUNT=10
	SALLYPORT_NIGHTLY=1000 $(GO) test -count=1 -run TestF11 ./server/cli
	$(MAKE) differential CASES=1000000
	$(MAKE) fuzz FUZZTIME=5m
	$(MAKE) differential-tokens CASES=1000000
	$(MAKE) soak
	$(MAKE) differential-messages CASES=1000000
	$(MAKE) mutants
	$(MAKE) e2e
	$(MAKE) interop

clean: ## remove what make built or installed
	rm -rf $(BIN) cover.out cover e2e/browser/node_modules e2e/browser/screenshots e2e/conformance/node_modules e2e/conformance/results \
	  e2e/interop/node_modules e2e/interop/python-1 e2e/interop/python-2 \
	  e2e/issuers/oidcprovider/node_modules e2e/issuers/keycloak-[0-9]*
