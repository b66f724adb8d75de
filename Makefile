# An index: every target is one line, the logic is in host/xtask.
# Only what building xtask needs is looked for here.
XTASK := @sh -c 'command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }; \
	command -v cc >/dev/null || { command -v apt-get >/dev/null && apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends gcc libc6-dev; } || { echo "a C compiler is missing (cc): install gcc" >&2; exit 1; }; \
	exec cargo run --quiet --package xtask -- "$$@"' xtask

.DEFAULT_GOAL := help
.PHONY: help setup run dev guest check test gen bench dist

help:  ; @echo "make run    PiCloud on http://localhost:8080, from nothing"; echo "make test   everything that must hold"; echo "also: setup dev guest check gen bench dist"
setup: ; $(XTASK) setup
run:   ; $(XTASK) run
dev:   ; $(XTASK) dev
guest: ; $(XTASK) guest
check: ; $(XTASK) check
test:  ; $(XTASK) test
gen:   ; $(XTASK) gen
bench: ; $(XTASK) bench
dist:  ; $(XTASK) dist
