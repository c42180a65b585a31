# What a person types. `make help` lists it.

# Which libtorch scripts/libtorch fetches: cpu (700 MB) or cuda (5 GB). A LIBTORCH in the environment beats both.
TORCH ?= cpu
CARGO ?= cargo

# Where HAM10000, ImageNet weights and the peers lie (see scripts/bench-peers).
SHARED ?= ../shared

.DEFAULT_GOAL := help
.PHONY: help setup web build demo test lint bench-peers bench-export clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## fetch libtorch into .libtorch/ (TORCH=cuda for the CUDA build)
	@scripts/libtorch $(TORCH)

web: ## build the phone page into web/dist/ (needs Node.js; without it nothing is done)
	@if [ -x scripts/web ]; then scripts/web; fi

build: setup web ## build the program: target/release/skinlesion
	$(CARGO) build --release

demo: build ## walk the whole way on drawn images, in demo/ (no download of data or weights, no GPU)
	target/release/skinlesion demo --out demo --force

test: setup web ## everything a fresh clone needs, then the whole test suite
	@scripts/python-env
	@scripts/browser-env
	@scripts/web
	$(CARGO) test --release

lint: setup ## formatting and lints, as CI demands them
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings

bench-peers: build ## time the program against PyTorch scripts in turns (SHARED=../shared; half an hour)
	scripts/bench-peers $(SHARED)

# The export folder that bench-export times.
EXPORT ?= exports/released

bench-export: ## time an export's files in their runtimes against PyTorch's exporter (EXPORT=exports/released; minutes)
	scripts/bench-export $(EXPORT)

clean: ## remove what was built, fetched and drawn
	$(CARGO) clean
	rm -rf .libtorch .venv .venv-peers tests/browser/node_modules web/node_modules web/dist demo
