# Entry points for people and CI. `make help` lists them.

# The libtorch that scripts/libtorch downloads: cpu (0.5 GB) or cuda (3.7 GB). A LIBTORCH in the environment overrides
# both.
TORCH ?= cpu
CARGO ?= cargo

# Folder with HAM10000, ImageNet weights and the peers (see scripts/bench-peers).
SHARED ?= ../shared

.DEFAULT_GOAL := help
.PHONY: help setup web build install uninstall dist predict-only demo test test-dist test-predict-only lint \
  bench-peers bench-export clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## fetch libtorch into ~/.local/share/skinlesion, linked as .libtorch (TORCH=cuda for the CUDA build)
	@scripts/libtorch $(TORCH)

web: ## build the phone page into web/dist/ (needs Node.js; does nothing without it)
	@if [ -x scripts/web ]; then scripts/web; fi

# In target/, where the scripts look for it, whatever CARGO_TARGET_DIR says.
build: setup web ## build the program: target/release/skinlesion
	$(CARGO) build --release --target-dir target

# Where `make install` installs.
PREFIX ?= $(HOME)/.local

install: build ## install program, libtorch, completions and manual pages (PREFIX=~/.local); the clone can then go
	scripts/install "$(PREFIX)"

uninstall: ## remove what `make install` installed (PREFIX=~/.local)
	rm -rf "$(PREFIX)/bin/skinlesion" "$(PREFIX)/lib/skinlesion" "$(PREFIX)"/share/man/man1/skinlesion.1 \
	  "$(PREFIX)"/share/man/man1/skinlesion-*.1
	rm -f "$(PREFIX)/share/bash-completion/completions/skinlesion" "$(PREFIX)/share/zsh/site-functions/_skinlesion"
	rm -f "$(PREFIX)/share/fish/vendor_completions.d/skinlesion.fish"

dist: build ## write an archive that runs wherever it is unpacked: target/dist/skinlesion-VERSION-linux-x86_64.tar.zst
	scripts/dist

# Its own target folder, so that it does not replace the whole program.
predict-only: web ## build the program without libtorch: target/predict-only/release/skinlesion
	$(CARGO) build --release --no-default-features --target-dir target/predict-only

demo: build ## run all steps on drawn images, in demo/ (no download of data or weights, no GPU)
	target/release/skinlesion demo --out demo --force

test: setup web ## everything a fresh clone needs, then the whole test suite
	@scripts/python-env
	@scripts/browser-env
	@scripts/web
	$(CARGO) test --release

test-dist: dist ## unpack the archive elsewhere and run it as another user
	scripts/check-dist

# In the same target folder as the other tests, so that dependencies are compiled once. The unit tests are those of the
# whole program: here they are only compiled, by clippy.
test-predict-only: web ## lint and test the program without libtorch (replaces target/release/skinlesion)
	$(CARGO) clippy --release --all-targets --no-default-features -- -D warnings
	$(CARGO) test --release --no-default-features --test verbs

# In the release profile, so that libtorch's binding is compiled once for lints and tests.
lint: setup ## formatting and lints, as in CI
	$(CARGO) fmt --check
	$(CARGO) clippy --release --all-targets -- -D warnings

bench-peers: build ## time the program against PyTorch scripts in turns (SHARED=../shared; half an hour)
	scripts/bench-peers $(SHARED)

# The export folder that bench-export times.
EXPORT ?= exports/released

bench-export: ## time an export's files in their runtimes against PyTorch's exporter (EXPORT=exports/released; minutes)
	scripts/bench-export $(EXPORT)

clean: ## remove everything that was built, downloaded or drawn (libtorch stays in ~/.local/share/skinlesion)
	$(CARGO) clean
	rm -rf .libtorch .venv .venv-peers tests/browser/node_modules web/node_modules web/dist demo
