#![no_main]

#[global_allocator]
static COUNTING: oracles::Counting = oracles::Counting;

// What is made once, like compiling the guest, takes longer than an input may.
libfuzzer_sys::fuzz_target!(init: oracles::abi_guest::run(&[]), |bytes: &[u8]| oracles::abi_guest::run(bytes));
