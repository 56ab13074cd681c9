# Targets for people; `make help` lists them.
export CGO_ENABLED ?= 0
BIN       := bin
COMMIT    ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
LDFLAGS   := -s -w -X decentra.local/pkg/host.commit=$(COMMIT)
WEB_INPUT := $(shell find web/src web/public web/build web/index.html web/vite.config.ts web/package.json web/package-lock.json -type f 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run build binaries cross test test-go test-e2e test-browser e2e-compose chaos faults floods bench fuzz audit check lint fmt generate web setup clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build everything and serve on http://localhost:8765
	@exec $(BIN)/decentra $(ARGS)

build: web/dist/index.html ## build the web client and the binaries in bin/
	@$(MAKE) --no-print-directory binaries

binaries: ## build the binaries alone, with the web client as it is
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/decentra ./services/auth/cmd/auth ./services/chat/cmd/chat \
		./services/social/cmd/social ./services/voice-signal/cmd/voice-signal ./services/gateway/cmd/gateway

web: web/dist/index.html ## build the web client alone

web/node_modules/.installed: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.installed $(WEB_INPUT)
	cd web && npm run build
	@touch $@

setup: ## install what the tests need beyond Go and Node (as root)
	@scripts/setup

test: setup check test-go test-e2e test-browser ## run every test, those in a real browser too

check: lint audit ## formatting, vet, types, lint, unit tests of the web client, and the audit: before every commit

lint: web/node_modules/.installed # what is wrong most often comes first
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
		if [ -n "$$unformatted" ]; then echo "not formatted (make fmt): $$unformatted"; exit 1; fi
	go vet work
	cd web && npm run check && npm run lint && npm test

test-go: ## Go tests of every package, with the race detector where there is a C compiler
	@scripts/go-test pkg services/auth services/chat services/gateway services/social services/voice-signal web cmd/decentra

test-e2e: build ## end-to-end tests in both topologies, with killed processes
	cd e2e && go test -count=1 -timeout 15m -skip 'TestChaos|TestDisk|TestFullDisk|TestFloods' ./...

e2e-compose: build ## build the images, start them with docker-compose, and test them (EXTENT=short: only what containers show)
	@scripts/e2e-compose $(EXTENT)

chaos: build ## kill every process at random under load, and compare what clients saw with what is stored (EXTENT=long: 1,000,000 messages, 200 kills)
	@scripts/chaos $(EXTENT)

faults: build ## let the disk fail, stall and be full, and compare what was acknowledged with what is stored
	@scripts/faults

floods: build ## let hostile clients do their worst, and look at memory and at others' latency (DECENTRA_FLOOD_SOCKETS=10000: the long form)
	cd e2e && go test -count=1 -timeout 30m -run TestFloods -v .

bench: build ## measure speed and size beside a bare relay, and write docs/benchmarks.md (EXTENT=long: the long form; PART=restart: a part of it, see e2e/bench)
	@scripts/bench $(or $(EXTENT),short) $(PART)

test-browser: build ## the page in a real browser
	@scripts/browser-test

fuzz: ## fuzz every target for FOR (30s each)
	@scripts/fuzz $(FOR)

audit: web/node_modules/.installed ## known mistakes (gosec) and vulnerabilities (govulncheck, npm audit): names what it can't reach, and leaves it out
	@scripts/audit

cross: web/dist/index.html ## check that it compiles for Linux, macOS and Windows, on amd64 and arm64
	@for target in linux/amd64 linux/arm64 darwin/arm64 darwin/amd64 windows/amd64; do \
		echo "$$target"; GOOS=$${target%/*} GOARCH=$${target#*/} go build -trimpath -o /dev/null ./cmd/decentra || exit 1; done

fmt: ## format the Go code
	@git ls-files -co --exclude-standard '*.go' | xargs gofmt -w

generate: ## write from the code: API.md, the web client's types, the table of settings, the mark of permissions
	go run ./services/gateway/cmd/generate
	DECENTRA_UPDATE=1 go test ./cmd/decentra -run TestTheTableOfSettingsIsCurrent
	DECENTRA_UPDATE=1 go test ./cmd/decentra/internal/split -run TestAChangeOfPermissionsStartsNATSAnew

clean: ## remove what was built, but no data
	rm -rf $(BIN) web/node_modules && find web/dist -mindepth 1 ! -name .gitkeep -delete
