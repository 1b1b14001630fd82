# What people type. `make` alone lists the targets.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOLANGCI    = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# A count: with a time, the fuzzer now and then reports its own end as a failure ("context deadline exceeded").
FUZZTIME   ?= 50000x
BENCHTIME  ?= 1x
# How often each pattern's unit is benchmarked.
ROUNDS     ?= 10
# How many requests a second runs in real time may send together.
RATE       ?= 400

.DEFAULT_GOAL := help
.PHONY: help build test race race-clockless race-clocked compile-race lint fuzz bench agreement real patterns confirm readme costs examples golangci check

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## build bin/squall
	CGO_ENABLED=0 go build -trimpath -o bin/squall ./cmd/squall

# Whose tests take the time that they measure from a virtual clock, or none: two of these at once do not measure each other. Those that take
# longest come first, and the rest beside them.
CLOCKLESS = ./runner/engine/virtual/... ./examples/patterns ./runner/node/... ./examples/library ./faults ./internal/... ./report/... \
	./runner ./runner/analysis ./runner/engine ./runner/engine/docker/nodeimage ./runner/engine/docker/owner ./runner/lease ./runner/record ./runner/traces ./runner/wire ./scenarios/...
# All the others measure real time, one at a time.
CLOCKED = $$(go list ./... | grep -vxF "$$(go list $(CLOCKLESS))")

# Compiles what the tests need, as many packages at a time as there are processors, and links nothing: go test does.
# Paths are trimmed, as in the program that the tests run: what is compiled for one serves the other. Vetting is lint's.
COMPILE = go list -test -export -trimpath
TEST    = go test -trimpath -vet=off

test: ## run every test (those of the docker engine where an engine answers)
	$(COMPILE) ./... >/dev/null
	$(TEST) -timeout 20m $(CLOCKLESS)
	$(TEST) -p 1 -timeout 20m $(CLOCKED)

# Not the examples: their tests run the program as it is shipped, which has no detector in it.
race: race-clockless race-clocked ## run the tests under the race detector (needs a C compiler)

race-clockless: compile-race
	CGO_ENABLED=1 $(TEST) -race -short -timeout 40m $(filter-out ./examples/patterns,$(CLOCKLESS))

race-clocked: compile-race
	CGO_ENABLED=1 $(TEST) -p 1 -race -short -timeout 20m $$(printf "%s\n" $(CLOCKED) | grep -vE '/examples(/patterns)?$$')

compile-race:
	CGO_ENABLED=1 $(COMPILE) -race ./... >/dev/null

lint: ## gofmt, vet and staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "gofmt -w the files above"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

golangci: ## all that .golangci.yml asks for (the first time builds the linter, which takes minutes)
	go run $(GOLANGCI) run ./...

fuzz: ## fuzz every parser with FUZZTIME inputs each
	@set -e; for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
			go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$p; \
		done; \
	done

bench: ## benchmarks with their peers measured in the same run
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) -timeout 30m ./...

agreement: build ## hold virtual against docker on every example, into examples/AGREEMENT.md (takes minutes)
	go run ./examples/agreement -a virtual -b docker examples/*.yaml > examples/AGREEMENT.md.new
	mv examples/AGREEMENT.md.new examples/AGREEMENT.md

real: build ## run the examples over real parts with those and with built-in nodes, into examples/REAL.md (takes minutes)
	go run ./examples/real/figures examples/real/shop.yaml examples/real/stampede.yaml examples/real/grace.yaml examples/real/outage.yaml > examples/REAL.md.new
	mv examples/REAL.md.new examples/REAL.md

patterns: build ## run every pattern with and without in virtual time, and write examples/README.md
	go run ./examples/library measure -again examples/patterns/*.yaml
	$(MAKE) readme

confirm: build ## run them on docker and as processes, too, those that are not confirmed as they are (takes an hour for all)
	go run ./examples/library measure examples/patterns/*.yaml
	go run ./examples/library measure -rate $(RATE) -engine docker examples/patterns/*.yaml
	go run ./examples/library measure -rate $(RATE) -engine process examples/patterns/*.yaml
	$(MAKE) readme

readme: ## write examples/README.md from what was measured
	go run ./examples/library readme examples/patterns/*.yaml > examples/README.md.new
	mv examples/README.md.new examples/README.md

costs: ## benchmark each pattern's unit against itself when off, and write examples/COSTS.md
	for round in $$(seq $(ROUNDS)); do go test -run '^$$' -bench . -benchmem -benchtime 100ms ./runner/node/...; done > bin/node.benchmarks
	go run ./examples/library costs < bin/node.benchmarks > examples/COSTS.md.new
	mv examples/COSTS.md.new examples/COSTS.md

examples: build ## run the quickstart as a newcomer would
	bin/squall run examples/quickstart.yaml

check: lint test ## what a change must pass
