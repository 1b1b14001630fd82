# What people type. `make` alone lists the targets.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
# A count: with a time, the fuzzer now and then reports its own end as a failure ("context deadline exceeded").
FUZZTIME   ?= 50000x
BENCHTIME  ?= 1x

.DEFAULT_GOAL := help
.PHONY: help build test race lint fuzz bench agreement patterns examples check

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## build bin/squall
	CGO_ENABLED=0 go build -trimpath -o bin/squall ./cmd/squall

# One package at a time: many tests measure real time, and two at once would measure each other.
test: ## run every test (those of the docker engine where an engine answers)
	go test -p 1 -timeout 20m ./...

race: ## run the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -p 1 -race -short -timeout 20m ./...

lint: ## gofmt, vet and staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "gofmt -w the files above"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

fuzz: ## fuzz every parser with FUZZTIME inputs each
	@set -e; for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
			go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$p; \
		done; \
	done

bench: ## benchmarks with their peers measured in the same run
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) -timeout 30m ./...

agreement: build ## hold virtual against docker on every example, into examples/AGREEMENT.md (takes minutes)
	go run ./internal/agreement -a virtual -b docker examples/*.yaml > examples/AGREEMENT.md.new
	mv examples/AGREEMENT.md.new examples/AGREEMENT.md

patterns: build ## run every pattern with and without in virtual time, into examples/README.md
	go run ./internal/patterns examples/patterns/*.yaml > examples/README.md.new
	mv examples/README.md.new examples/README.md

examples: build ## run the quickstart as a newcomer would
	bin/squall run examples/quickstart.yaml

check: lint test ## what a change must pass
