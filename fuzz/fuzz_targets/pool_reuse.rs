#![no_main]

#[global_allocator]
static COUNTING: oracles::Counting = oracles::Counting;

// What is made once, like compiling the guest, takes longer than an input may.
libfuzzer_sys::fuzz_target!(init: oracles::pool_reuse::run(&[]), |bytes: &[u8]| oracles::pool_reuse::run(bytes));
