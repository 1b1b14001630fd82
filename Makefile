# What people type. `make` alone lists the targets.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOTESTSUM   = gotest.tools/gotestsum@v1.13.0
GOLANGCI    = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# A count: with a time, the fuzzer now and then reports its own end as a failure ("context deadline exceeded").
FUZZTIME   ?= 50000x
BENCHTIME  ?= 1x
# How often each pattern's unit is benchmarked.
ROUNDS     ?= 10
# How many requests a second runs in real time may send together.
RATE       ?= 400

# One way to compile for the linters, the tests, the program that these run and what it is shipped as: what is compiled for one serves the others.
# Only the race detector takes a C compiler.
export CGO_ENABLED = 0
export GOFLAGS := $(strip $(filter-out -trimpath,$(shell go env GOFLAGS)) -trimpath)

.DEFAULT_GOAL := help
.PHONY: help build test test-clockless test-clocked test-examples race race-clockless race-clocked compile-race lint fuzz bench agreement agreement-kubernetes real patterns confirm readme costs scale pictures examples golangci kubernetes check

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

build: ## build bin/squall
	go build -o bin/squall ./cmd/squall

# Whose tests take the time that they measure from a virtual clock, or none: two of these at once do not measure each other. Those that take
# longest come first, and the rest beside them.
CLOCKLESS = ./runner/engine/virtual/... ./examples/patterns ./runner/node/... ./examples/library ./faults ./internal/... ./report/... \
	./runner ./runner/analysis ./runner/engine ./runner/engine/docker/nodeimage ./runner/engine/owner ./runner/lease ./runner/record ./runner/traces ./runner/wire ./scenarios/...
# The examples, real ones too, and Compose files as they were imported, claim what holds on an idle machine: they are run when all else is
# over.
EXAMPLES = ./examples ./examples/real ./cmd/squall/beginning
# Tests of packages that measure real time which make many runs in virtual time, and hold on any machine.
IN_VIRTUAL_TIME = ^(TestVirtualVerdicts|TestComparisonsOfRunsInVirtualTime|TestCapacityOfASingleServer|TestARoundIsAPlainRun)$$
# Those of the commands wait for runs of the program for most of their time: three packages at a time.
COMMANDS = $$(go list ./cmd/... | grep -v /beginning)
# Of these, what measures the machine itself: with no other package beside it.
ALONE = ^TestThePageTakesNothingFromTheLoad$$
# All the others measure real time, one at a time. (Beside those of the commands they took 3 minutes less, and two of them found a generator 226 ms late.)
ENGINES = $$(go list ./... | grep -vxF "$$(go list $(CLOCKLESS) $(EXAMPLES) ./cmd/...)")

# Compiles what the tests need, as many packages at a time as there are processors, and links nothing: go test does.
# The compiler's own collections are made rarer: of a cold build of ./scenarios/topology's 49 s of processor time 8 were theirs. Vetting is lint's.
COMPILE = GOGC=300 go list -test -export
TEST    = go test -vet=off

# Tests that measure real time mostly wait. Those that take theirs from no clock run in what they leave of the machine, where the system
# can hold them to that.
IDLE = $(if $(shell command -v chrt),chrt --idle 0,nice -n 19)

# What measures real time measures the machine too. With RERUN=FOLDER, as in CI, a test of real time that failed is run again by itself, twice
# at most, and a file there says which those were; more than three that fail, a data race, and a failure of what has no clock stand at once.
# clocked NAME,FLAGS,PACKAGES
clocked = $(if $(RERUN),mkdir -p $(RERUN) && go run $(GOTESTSUM) --format standard-quiet --rerun-fails=2 --rerun-fails-max-failures=3 \
	--rerun-fails-abort-on-data-race --rerun-fails-report=$(RERUN)/$(1) --packages="$(3)" -- -vet=off $(2),$(TEST) $(2) $(3))

# What is wide (internal/breadth: the library of patterns, closed forms, kinds of faults, real parts) is run in part, each day another, and as a whole
# with WHOLE=1, as in CI.
test: ## run the tests (those of the docker engine where an engine answers); WHOLE=1: of the wide ones all, not today's part
	$(COMPILE) ./cmd/... >/dev/null
	@$(if $(WHOLE),unset SQUALL_DAY;,export SQUALL_DAY=$${SQUALL_DAY:-$$(date -u +%j)};) clockless=$$(mktemp); $(IDLE) $(MAKE) test-clockless >$$clockless 2>&1 & beside=$$!; \
		$(MAKE) test-clocked; clocked=$$?; \
		wait $$beside; status=$$?; cat $$clockless; rm $$clockless; \
		$(MAKE) test-examples; examples=$$?; \
		$(if $(WHOLE),,echo "of the wide tests (patterns$(comma) closed forms$(comma) kinds of faults$(comma) real parts) this was the part of day $$SQUALL_DAY: make test WHOLE=1 runs all";) \
		exit $$((clocked | status | examples))

comma = ,

# First of all it compiles what is left, also for those that come after the commands.
test-clockless:
	$(COMPILE) ./... >/dev/null
	$(TEST) -timeout 40m $(CLOCKLESS); others=$$?; $(TEST) -timeout 40m -run '$(IN_VIRTUAL_TIME)' ./examples ./cmd/squall && exit $$others

test-clocked:
	$(call clocked,commands,-p 3 -timeout 20m -skip '$(IN_VIRTUAL_TIME)|$(ALONE)',$(COMMANDS)); commands=$$?; \
		$(call clocked,alone,-timeout 20m -run '$(ALONE)',./cmd/squall/live); alone=$$?; \
		$(call clocked,engines,-p 1 -timeout 20m,$(ENGINES)) && exit $$((commands | alone))

test-examples:
	$(call clocked,examples,-p 1 -timeout 20m -skip '$(IN_VIRTUAL_TIME)',$(EXAMPLES))

# Not the examples: their tests run the program as it is shipped, which has no detector in it.
race: race-clockless race-clocked ## run the tests under the race detector (needs a C compiler)

race-clockless: compile-race
	CGO_ENABLED=1 $(TEST) -race -short -timeout 40m $(filter-out ./examples/patterns,$(CLOCKLESS))

race-clocked: compile-race
	export CGO_ENABLED=1; $(call clocked,race-commands,-p 2 -race -short -timeout 20m,./cmd/...)
	export CGO_ENABLED=1; $(call clocked,race-engines,-p 1 -race -short -timeout 20m,$(ENGINES))

compile-race:
	CGO_ENABLED=1 $(COMPILE) -race ./... >/dev/null

# What needs a Kubernetes, and is skipped where there is none: one package at a time, for some of their runs measure, and a second cluster beside them takes the
# machine. What measures percentiles is not parallel, and who ends a part of the cluster has it alone. Those of internal/cluster bring up clusters of their own.
IN_CLUSTER = ./runner/engine/kubernetes ./runner/engine/kubernetes/apiserver ./runner/engine/kubernetes/claim ./runner/engine/kubernetes/objects \
	./cmd/squall/kubernetes ./internal/cluster

# KUBERNETES=-short leaves out what kubetest.Whole says. The cluster ends with the shell that has brought it up, however that ends.
kubernetes: ## run the tests that need a Kubernetes on one of two nodes (Linux, root; the first time builds it, which takes 20 minutes of a processor)
	@export SQUALL_CLUSTER=make-$$$$; trap 'exit 130' INT TERM; trap 'go run ./internal/cluster/make down' EXIT; \
		SQUALL_KUBECONFIG=$$(go run ./internal/cluster/make up -while $$$$) || exit; export SQUALL_KUBECONFIG; \
		export SQUALL_REQUIRE_KUBERNETES=1; $(call clocked,kubernetes,$(KUBERNETES) -p 1 -parallel 3 -count=1 -timeout 40m,$(IN_CLUSTER))

lint: ## gofmt, vet and staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "gofmt -w the files above"; exit 1; }
	GOGC=300 go vet ./...
	GOGC=300 go run $(STATICCHECK) ./...

golangci: ## all that .golangci.yml asks for (the first time builds the linter, which takes minutes)
	go run $(GOLANGCI) run ./...

fuzz: ## fuzz every parser with FUZZTIME inputs each
	@set -e; for p in $$(grep -rl --include=*_test.go '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for f in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$p/*_test.go); do \
			go test -vet=off -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$p; \
		done; \
	done

bench: ## benchmarks with their peers measured in the same run
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) -timeout 30m ./...

agreement: build ## hold virtual against docker on every example, into examples/AGREEMENT.md (takes minutes)
	go run ./examples/agreement -a virtual -b docker examples/*.yaml > examples/AGREEMENT.md.new
	sed -n '/$(IN_PODS)/,$$p' examples/AGREEMENT.md >> examples/AGREEMENT.md.new
	mv examples/AGREEMENT.md.new examples/AGREEMENT.md

# What the second part of that file begins with: each is written without the other.
IN_PODS = ^\# How closely docker and kubernetes agree

# Files of the examples that pods can be: a database that is spoken to itself, and what is logged in to, are left to docker.
PODS ?= examples/quickstart.yaml examples/latency.yaml examples/partition.yaml examples/crash.yaml examples/region-outage.yaml

agreement-kubernetes: build ## hold docker against kubernetes on examples, into examples/AGREEMENT.md (Linux, root; takes minutes)
	@export SQUALL_CLUSTER=agree-$$$$; trap 'exit 130' INT TERM; trap 'go run ./internal/cluster/make down' EXIT; \
		kubeconfig=$$(go run ./internal/cluster/make up -while $$$$) || exit; \
		bin/squall kubernetes image --name localhost/squall:agreement --out bin/squall.tar && go run ./internal/cluster/make load $$PWD/bin/squall.tar || exit; \
		sed '/$(IN_PODS)/,$$d' examples/AGREEMENT.md > examples/AGREEMENT.md.new; \
		go run ./examples/agreement -a docker -b kubernetes -with "--kubeconfig $$kubeconfig --image localhost/squall:agreement" $(PODS) >> examples/AGREEMENT.md.new || exit; \
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

# Of a count, where the machine is busy: what they tell is CPU time and bytes. Calls of a cluster, where there is one (SQUALL_KUBECONFIG).
scale: ## measure what parts of a run cost, and write what 1,000 nodes come to, docs/scale.md
	go test -run '^$$' -bench Objects -benchtime 1x ./runner/engine/kubernetes/objects | tee docs/scale.benchmarks.new
	go test -run '^$$' -bench Merge -benchtime 2x ./runner/load/figures | tee -a docs/scale.benchmarks.new
	go test -run '^$$' -bench Hear -benchtime 2x ./runner/load/remote | tee -a docs/scale.benchmarks.new
	go test -run '^$$' -bench 'Events|Frames' ./runner/load/frame | tee -a docs/scale.benchmarks.new
	go test -run '^$$' -bench 'Saturated|Cost' -benchtime 3x ./runner/load/spawn | tee -a docs/scale.benchmarks.new
	go test -run '^$$' -bench Record -benchtime 1x ./runner/engine/virtual | tee -a docs/scale.benchmarks.new
	SQUALL_SCALE=$(CURDIR)/docs/scale.calls go test -count=1 -run TestCallsOfARun ./runner/engine/kubernetes
	cat docs/scale.calls >> docs/scale.benchmarks.new || grep ^BenchmarkCalls docs/scale.benchmarks >> docs/scale.benchmarks.new; rm -f docs/scale.calls
	mv docs/scale.benchmarks.new docs/scale.benchmarks
	go run ./internal/scale < docs/scale.benchmarks > docs/scale.md

pictures: ## make the README's pictures of a run under way from one, in docs (needs Chromium)
	SQUALL_PICTURES=$(CURDIR)/docs SQUALL_REQUIRE_BROWSER=1 $(TEST) -count=1 -run 'TestTheScreen|TestWhatIsOnIsShown' ./cmd/squall/keys ./cmd/squall/live

examples: build ## run the quickstart as a newcomer would
	bin/squall run examples/quickstart.yaml

check: lint test ## what a change must pass
