# `make` prints what there is. Every target can be called on a new machine: setup installs what is missing.
.DEFAULT_GOAL := help
.SUFFIXES:

ARGS ?=
# Twice as many at once as there are cores: most of them wait for a server's word most of the time.
ctest := ctest --output-on-failure --no-tests=error --parallel $(shell echo $$((2 * $$(nproc))))
sources = git ls-files -z -- '*.cpp' '*.hpp'

# What is asked whether it sees a planted bug.
mutant_tests = plan apply watch cache policy status sync_parts sync proof plans

.PHONY: help
help: ## print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS="$$(printf '\t')" read -r target what; do printf '  make %-14s %s\n' "$$target" "$$what"; done

.PHONY: setup
setup: ## install the Debian packages of packages.txt that are missing
	@tools/setup

# Configured once; after that `cmake --build` sees by itself when to configure again.
.PRECIOUS: build/%/build.ninja
build/%/build.ninja: CMakePresets.json | setup
	cmake --preset $*

.PHONY: build
build: setup build/release/build.ninja ## build build/release/moontide
	cmake --build --preset release

.PHONY: test
test: setup build/dev/build.ninja ## build and run every test that needs no cluster
	cmake --build --preset dev
	$(ctest) --preset dev

.PHONY: test-cluster
test-cluster: setup build/dev/build.ninja ## run what needs a real kube-apiserver: the suite, clients, the examples, deploy/ (ARGS="-R sync" for some)
	cmake --build --preset dev --target test_sync test_sandbox test_proof test_trouble moontide
	tests/cluster/assets >/dev/null
	tests/cluster/kubectl-1.32/kubectl >/dev/null
	$(ctest) --preset cluster --parallel $(if $(MOONTIDE_TEST_KUBECONFIG),1,3) $(ARGS)

N ?= $(if $(HOURS),0,10000)
HOURS ?=
SEED ?= 1

.PHONY: soak
soak: setup build/dev/build.ninja ## play N=10000 random plans, or for HOURS=24, from SEED=1 on; the report is build/soak.json
	cmake --build --preset dev --target test_plans
	MOONTIDE_SOAK_PLANS=$(N) MOONTIDE_SOAK_HOURS=$(HOURS) MOONTIDE_SOAK_SEED=$(SEED) MOONTIDE_SOAK_REPORT=build/soak.json build/dev/tests/test_plans "[soak]"

.PHONY: bench
bench: build ## what policies with owners and their templates cost here (ARGS="--scale 0.1", "--json"), about 6 minutes
	cmake --build --preset release --target bench_owners bench_templates
	build/release/tests/bench_owners $(ARGS)
	build/release/tests/bench_templates

.PHONY: demo
demo: build ## build, then show Moontide at work without a cluster (ARGS=--once ends after the story)
	build/release/moontide demo $(ARGS)

.PHONY: asan
asan: setup build/asan-ubsan/build.ninja ## run the tests under the address and undefined behaviour sanitizers
	cmake --build --preset asan-ubsan
	$(ctest) --preset asan-ubsan

# What threads share is in these.
tsan_first = kube queue watch apply store lead sync_parts sync
tsan_whole = $(tsan_first) base cache serve sandbox proof
TESTS ?= whole

.PHONY: tsan
tsan: setup build/tsan/build.ninja ## run what has threads under the thread sanitizer (TESTS=first leaves out the slowest)
	cmake --build --preset tsan --target $(addprefix test_,$(tsan_$(TESTS)))
	$(ctest) --preset tsan --tests-regex '^($(subst $() ,|,$(strip $(tsan_$(TESTS)))))(_crashes|_faults)?$$|^sync/'

MINUTES ?= 1

.PHONY: fuzz
fuzz: setup build/asan-ubsan/build.ninja ## run every fuzzer (MINUTES=1 each; FUZZERS="name..." for some; FUZZ_SEED=1 for the same inputs)
	cmake --build --preset asan-ubsan --target fuzz
	MINUTES=$(MINUTES) tests/fuzz/run build/asan-ubsan/tests/fuzz $(FUZZERS)

.PHONY: mutants
mutants: setup ## plant known bugs one by one and see that the tests catch each (ARGS="3 7" for some)
	tests/mutants/seed build/mutants/tree
	cd build/mutants/tree && cmake --preset dev -B ../build
	cmake --build build/mutants/build --target $(addprefix test_,$(mutant_tests))
	tests/mutants/run build/mutants/build $(ARGS)

.PHONY: check
check: setup build/dev/build.ninja ## check the format, who includes whom, and clang-tidy's warnings
	$(sources) | xargs -0 --no-run-if-empty clang-format-19 --dry-run --Werror
	tools/check-includes
	cmake --build --preset dev --target help >/dev/null
	tools/tidy build/dev

.PHONY: fmt
fmt: setup ## format all C++ files
	$(sources) | xargs -0 --no-run-if-empty clang-format-19 -i

.PHONY: clean
clean: ## remove build/
	rm -rf build
