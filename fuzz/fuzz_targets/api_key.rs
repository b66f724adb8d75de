#![no_main]

#[global_allocator]
static COUNTING: oracles::Counting = oracles::Counting;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::api_key::run(bytes));
