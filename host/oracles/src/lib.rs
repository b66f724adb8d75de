//! What fuzzing makes of bytes (generators) and what must hold of it (oracles): one module for each target, each with one function that takes bytes and
//! panics where something does not hold. An ordinary crate, so that a test can do the same with what was found before, on any compiler.
//!
//! `fuzz/` has the targets, which call these and do nothing else, and the inputs: `fuzz/corpus` to begin with, `fuzz/regressions` for what once
//! failed. Under test is the product's own code; what an oracle holds it against is written anew here.
#![cfg(any(test, feature = "fuzzing"))]
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "an oracle stops at the first thing that does not hold")]

pub mod abi_guest;
pub mod api_key;
pub mod cron_expr;
pub mod fetch_url;
pub mod file_path;
mod given;
pub mod host_calls;
pub mod host_header;

pub mod http1_raw;
pub mod pool_reuse;
pub mod rhai_diff;
pub mod rhai_script;
pub mod route_path;
mod sandbox;
pub mod script_response;
pub mod secrets_envelope;
mod server;
mod strict_http;
#[cfg(test)]
mod tests;

pub use executor::testing::Counting;
