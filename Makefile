# The words of this project. `make help` prints them; .ci/run does the work where CI does the same.
.DEFAULT_GOAL := help
.PHONY: help check test golden fuzz bench docs pictures torture run

# Test packages that keep golden files declare the flag -update; the others would refuse it.
GOLDEN = $(shell find . -name '*_test.go' -exec grep -l '"update", false' {} + | sed 's|/[^/]*$$||' | sort -u)

help: ## print this list
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r word does; do printf '  make %-9s %s\n' "$$word" "$$does"; done

check: ## what must hold before a commit: format, vet, staticcheck, tests, generated documents
	@.ci/run format vet staticcheck test docs

test: ## every test
	go test ./...

golden: ## write the golden files anew; read the diff before you commit it
	@[ -n "$(GOLDEN)" ] || echo "no package keeps golden files yet"
	@[ -z "$(GOLDEN)" ] || go test $(GOLDEN) -update

fuzz: ## every fuzz target, five minutes in all (FUZZ_SECONDS=60 for another time)
	@.ci/run fuzz

bench: ## every benchmark, with allocations
	go test -run '^$$' -bench . -benchmem ./...

docs: ## write the generated documents anew
	go generate ./...

pictures: ## make the pictures of README.md and docs anew; needs Chromium
	go test ./simulator/web ./console/page ./cmd/baraza -run '^(TestPictures|TestThePhonePlaysASamplePack)' -count=1 -args -pictures "$(CURDIR)/docs"

torture: ## the deep run: 10,000 seeds of the simulation and tries of each property, 20 minutes of fuzzing
	@SEEDS=$${SEEDS:-10000} CHECKS=$${CHECKS:-10000} FUZZ_SECONDS=$${FUZZ_SECONDS:-1200} .ci/run simulation property fuzz

run: ## talk to the Ecuador pack
	go run ./cmd/baraza chat flows/ec
