#![no_main]

#[global_allocator]
static COUNTING: oracles::Counting = oracles::Counting;

// What is made once, like compiling the guest, takes longer than an input may.
libfuzzer_sys::fuzz_target!(init: oracles::rhai_diff::run(&[]), |bytes: &[u8]| oracles::rhai_diff::run(bytes));
