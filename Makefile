# An index: each target is one line, the logic is in host/xtask. Run `make` for the list.
XTASK := cargo run --package xtask --

.PHONY: help setup run dev guest check test soak fuzz gen bench dist deb compiler

help:            ; @sed -n 's/^\([a-z]*\): .*; @.* [#][#] /make \1\t/p' Makefile
run:   compiler  ; @$(XTASK) run ## PiCloud on http://localhost:8080, from nothing
test:  compiler  ; @$(XTASK) test ## everything that must hold, as in CI
check: compiler  ; @$(XTASK) check ## format, lints, tidy, documentation
dev:   compiler  ; @$(XTASK) dev ## like run, without looking for system packages, with a talkative log
setup: compiler  ; @$(XTASK) setup ## install what is missing
guest: compiler  ; @$(XTASK) guest ## the interpreter as a WebAssembly component
soak:  compiler  ; @$(XTASK) soak ## the long tests at full length
fuzz:  compiler  ; @$(XTASK) fuzz ## each fuzz target for FUZZ_SECONDS (60), with a nightly compiler
gen:   compiler  ; @$(XTASK) gen ## refresh generated files
bench: compiler  ; @$(XTASK) bench ## measure, write target/bench/report.json
dist:  compiler  ; @$(XTASK) dist ## a release archive in target/dist
deb:   compiler  ; @$(XTASK) deb ## a Debian package in target/dist

# What building xtask needs; xtask looks for the rest.
compiler:
	@command -v cargo >/dev/null || { echo "cargo is missing; install Rust: https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { command -v apt-get >/dev/null && apt-get update -q && apt-get install -qy --no-install-recommends gcc libc6-dev; } \
		|| { echo "a C compiler is missing; install gcc (on Debian, as root: apt-get install gcc libc6-dev)" >&2; exit 1; }
